/** Goal: each line is what CloudWatch reads as metrics, and holds nothing else. */
import { expect, it } from 'vitest';
import { createMetricWriter, VALUES_MAX } from '../../shared/adapters/metrics/emf.ts';
import { METRIC_DIMENSION, METRIC_NAMESPACE, METRICS } from '../../shared/config/deployment.ts';

function writer() {
  const lines: string[] = [];
  const write = createMetricWriter({
    namespace: METRIC_NAMESPACE,
    dimension: { name: METRIC_DIMENSION, value: 'night' },
    metrics: METRICS,
    write: (line) => lines.push(line),
  });
  return { lines, write };
}

it('writes one line of the format, with the one dimension', () => {
  const { lines, write } = writer();
  write(1_700_000_000_000.5, { equity: 10_000.25, tickToOrder: [12, 15], position: null });
  expect(lines).toHaveLength(1);
  expect(lines[0]?.endsWith('}\n')).toBe(true);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    _aws: {
      Timestamp: 1_700_000_000_000,
      CloudWatchMetrics: [
        {
          Namespace: 'Plimsoll',
          Dimensions: [['Deployment']],
          Metrics: [
            { Name: 'Equity', Unit: 'None' },
            { Name: 'TickToOrder', Unit: 'Milliseconds' },
          ],
        },
      ],
    },
    Deployment: 'night',
    Equity: 10_000.25,
    TickToOrder: [12, 15],
  });
});

it('leaves out what is not a number, and writes no line without a metric', () => {
  const { lines, write } = writer();
  write(0, { equity: Number.NaN, tickToOrder: [], marginRatio: null });
  expect(lines).toEqual([]);
});

it('keeps to the format’s limit of values, the newest', () => {
  const { lines, write } = writer();
  write(0, { tickToOrder: Array.from({ length: VALUES_MAX + 3 }, (_, index) => index) });
  const { TickToOrder } = JSON.parse(lines[0] ?? '');
  expect(TickToOrder).toHaveLength(VALUES_MAX);
  expect(TickToOrder.at(-1)).toBe(VALUES_MAX + 2);
});

it('has ten metrics at most, each of a name of its own', () => {
  const names = Object.values(METRICS).map(({ name }) => name);
  expect(names.length).toBeLessThanOrEqual(10);
  expect(new Set(names).size).toBe(names.length);
});
