/**
 * Goal: the report's text says what the run says, whole and alone. Method: rendered files read as text, second
 * calculations of what is drawn; what only a browser shows is in test/browser/report.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { barsAStretch, chartDataOf } from '../../research/report/chart-data.ts';
import { downsample } from '../../research/report/downsample.ts';
import { html, interval, number, scriptJson, signedPercent } from '../../research/report/html.ts';
import { monthlyReturns } from '../../research/report/monthly-returns.ts';
import { renderReport } from '../../research/report/render-report.ts';
import { verdictOf } from '../../research/report/verdict.ts';
import { reportRunOf } from './report-support.ts';
import { barsOf, walk } from './vectorized-support.ts';

const HOUR = 3_600_000;
const hourly = { intervalMs: HOUR, startMs: Date.UTC(2023, 10, 20) };
const report = reportRunOf(walk(100 * 24, 11), hourly);
const page = renderReport(report);

/** What stands on the page, without tags, script and style. */
const textOf = (whole: string) =>
  whole
    .replace(/<(script|style)[\s\S]*?<\/\1>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/\s+/g, ' ');

describe('the report', () => {
  it('asks for nothing from outside: no link, source or import, and a policy that forbids any', () => {
    expect(page).toContain(`content="default-src 'none'`);
    const markup = page.replace(/<(script|style)[\s\S]*?<\/\1>/g, '');
    expect(markup.match(/(?:src|href)="(?!data:)[^"]*"/g)).toBeNull();
    expect(page.match(/@import|url\(|\bfetch\(|XMLHttpRequest|\bimport\(/g)).toBeNull();
  });

  it('is the same file for the same run', () => {
    expect(renderReport(reportRunOf(walk(100 * 24, 11), hourly))).toBe(page);
  });

  it('shows figures, baselines, seeds, refusals by reason, settings and the data’s sha256', () => {
    const text = textOf(page);
    const { randomTimes, bootstrap } = report.honesty;
    for (const part of [
      number(report.metrics.finalEquity),
      `breaks even at ${number(report.breakEvenFeeBps!, 2)} bps a side`,
      `200 runs (seeds 1 to 200) with ${randomTimes!.changes} position changes`,
      `2,000 paths of its own daily returns, drawn in blocks of ${bootstrap!.blockDays} days (seed 1)`,
      'Buy and hold',
      'Always flat',
      'Refused: order too large 3',
      'No look-ahead found.',
      'cash 100000 USDT',
      'ab'.repeat(32),
      'Not in these figures',
    ]) {
      expect(text).toContain(part);
    }
  });

  it('marks the break-even fee on the cost curve, or says that it is beyond it', () => {
    expect(textOf(renderReport({ ...report, breakEvenFeeBps: 2.5 }))).toContain(
      'break-even 2.50 bps',
    );
    const rebate = textOf(renderReport({ ...report, breakEvenFeeBps: -0.5 }));
    expect(rebate).not.toContain('break-even −0.50 bps');
    expect(rebate).toContain('Only a rebate of 0.50 bps a side would break even.');
    const beyond = textOf(renderReport({ ...report, breakEvenFeeBps: 12 }));
    expect(beyond).toContain('The break-even of 12.00 bps a side is beyond the curve.');
  });

  it('says why ratios are withheld, and shows none of them', () => {
    const short = reportRunOf(walk(20 * 24, 11), hourly);
    expect(short.metrics.ratiosWithheld).not.toBeNull();
    const text = textOf(renderReport(short));
    expect(text).toContain(`Why ratios are withheld: ${short.metrics.ratiosWithheld}.`);
    expect(text).toMatch(/Sharpe ratio withheld/);
  });

  it('calls figures worthless where the strategy saw the future, and names the bar', () => {
    const failure = { strategy: 'Seer', bar: 7, openMs: 0, cut: 8, change: 'altered' } as const;
    const lookAhead = {
      ...{ strategy: 'Seer', cuts: 40, seed: 1 },
      failures: [{ ...failure, before: 1, after: 0 }],
    };
    const seer = { ...report, honesty: { ...report.honesty, lookAhead } };
    expect(textOf(renderReport(seer))).toMatch(/worthless\. Seer changed 1 of 80 times.*bar 7/);
  });

  it('renders a run without a single fill', () => {
    const text = textOf(renderReport(reportRunOf([10, 11, 12], hourly)));
    expect(text).toContain('This run made no trade that counts.');
    expect(text).toContain('No position changed');
  });

  it('renders an account that was ruined, without a number that is none', () => {
    const rows = [...walk(60, 3), 300_000, 600_000, 1_200_000, 2_400_000].flatMap((close) => [
      close,
      close,
    ]);
    const ruined = reportRunOf(rows, hourly, {
      params: { fastWindow: 1, slowWindow: 3 },
      account: {
        size: { kind: 'equity', multiplePpm: 100_000_000 },
        leverage: 125,
        cash: 1_000 * 1e8,
        lots: 'none',
      },
    });
    expect(ruined.run.counts.liquidations).toBeGreaterThan(0);
    expect(textOf(renderReport(ruined))).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('lets no name break the page', () => {
    const named = { ...report, strategy: '</script><img src=x onerror=alert(1)>' };
    expect(renderReport(named)).not.toContain('<img');
    expect(scriptJson({ name: '</script>' }).text).not.toContain('<');
    expect(html`<b title="${'"&'}">${['<', 1]}</b>`.text).toBe('<b title="&quot;&amp;">&lt;1</b>');
  });

  it('stays under 1.5 MB for 143,900 bars', () => {
    const long = reportRunOf(
      walk(143_900, 5),
      { intervalMs: 300_000 },
      { params: { fastWindow: 40, slowWindow: 120 }, honesty: report.honesty },
    );
    expect(renderReport(long).length).toBeLessThan(1_500_000);
  }, 60_000);
});

describe('the verdict', () => {
  const judged = (gross: number, taker: number, strategy = 'SmaCrossoverInflection') =>
    verdictOf({
      ...report,
      strategy,
      breakEvenFeeBps: 2.7066,
      honesty: {
        ...report.honesty,
        costs: [
          { feeBps: 0, multiple: gross, feesPaid: 0 },
          { feeBps: 5, multiple: taker, feesPaid: 0 },
        ],
      },
    });

  it('says that the original rule has a gross edge and none at taker fees, with the run’s numbers', () => {
    const verdict = judged(2.6139, 0.4428);
    expect(verdict.headline).toBe('The original rule has a gross edge and none at taker fees.');
    for (const part of ['×2.6139', '×0.4428', '2.71 bps']) expect(verdict.text).toContain(part);
  });

  it('does not claim an edge that these bars do not show, but keeps what is known of the rule', () => {
    expect(judged(0.9, 0.5).headline).toMatch(/^No edge on these bars/);
    expect(judged(0.9, 0.5).text).toContain('a gross edge and none at taker fees');
    expect(judged(2, 1.2)).toMatchObject({ isGood: true });
    expect(judged(2, 1.2).text).toContain('a gross edge and none at taker fees');
    expect(judged(2, 1.2, 'SmaCrossover').text).not.toContain('original');
  });
});

describe('long lines', () => {
  const bars = barsOf(walk(5_000, 9).map((close, i) => ({ close, gap: i === 2_000 ? 4 : 0 })));

  it('keep the lowest and highest value of every stretch, at their own bars, in order', () => {
    const { bars: at, values } = downsample(bars, bars, 100);
    expect(at.length).toBeLessThanOrEqual(2 * 101 + 1);
    for (let i = 1; i < at.length; i++) expect(at[i]!).toBeGreaterThanOrEqual(at[i - 1]!);
    const shown = values.filter((value) => value !== null);
    expect(Math.min(...shown)).toBe(Math.min(...bars.low));
    expect(Math.max(...shown)).toBe(Math.max(...bars.high));
    at.forEach((bar, i) => {
      if (values[i] !== null) expect([bars.low[bar], bars.high[bar]]).toContain(values[i]);
    });
    // One bar's spike in a quiet stretch is there.
    const spiked = { ...bars, high: bars.high.slice() };
    spiked.high[3_333] = 9_999_999;
    const line = downsample(spiked, spiked, 100);
    expect(line.bars[line.values.indexOf(9_999_999)]).toBe(3_333);
  });

  it('break where candles are missing', () => {
    const { bars: at, values } = downsample(bars, bars, 100);
    expect(values.filter((value) => value === null)).toHaveLength(1);
    expect(at[values.indexOf(null)]).toBe(1_999);
  });

  it('show every bar where there are few, and say how many one point stands for', () => {
    const { bars: at, values } = downsample(bars, { low: bars.close, high: bars.close }, 10_000);
    expect(values.filter((value) => value !== null)).toEqual([...bars.close]);
    expect(at).toHaveLength(5_001);
    expect(barsAStretch(5_000)).toEqual({ price: 1, equity: 1 });
    expect(barsAStretch(143_900)).toEqual({ price: 4, equity: 12 });
  });

  it('are written as differences that add up to times, equity, drawdown and fills', () => {
    const data = chartDataOf(report);
    const sums = (values: readonly (number | null)[]) => {
      let sum = 0;
      return values.map((d) => (sum += d ?? 0));
    };
    const last = report.bars.length - 1;
    expect(sums(data.equity.at).at(-1)).toBe(last);
    expect(sums(data.equity.values).at(-1)! * data.equity.unit).toBeCloseTo(
      report.metrics.equityMultiple,
      4,
    );
    expect(-Math.min(...sums(data.drawdown.values)) * data.drawdown.unit).toBeCloseTo(
      report.metrics.maxDrawdown,
      4,
    );
    expect(sums(data.fills.values)).toEqual(report.run.fills.map((fill) => fill.price));
    expect(sums(data.fills.at)).toEqual(report.run.fills.map((fill) => fill.bar));
    expect(data.signals.side).toEqual([...report.signals].filter((signal) => signal !== 0));
  });
});

describe('monthly returns', () => {
  it('multiply to the run’s whole return, month by month and year by year', () => {
    const years = monthlyReturns(report.bars, report.run);
    expect(years.map(({ year }) => year)).toEqual([2023, 2024]);
    const product = (values: readonly (number | null)[]) =>
      values.reduce<number>((all, value) => all * (1 + (value ?? 0)), 1);
    expect(product(years.flatMap((y) => y.months))).toBeCloseTo(report.metrics.equityMultiple, 10);
    expect(product(years.map((y) => y.total))).toBeCloseTo(report.metrics.equityMultiple, 10);
    expect(years[0]!.months.map((m) => m !== null)).toEqual(
      Array.from({ length: 12 }, (_, month) => month >= 10),
    );
  });
});

it('writes numbers for people', () => {
  expect([number(1_234_567.891), number(-1_234.5, 1), number(-0.001)]).toEqual([
    '1,234,567.89',
    '−1,234.5',
    '0.00',
  ]);
  expect([signedPercent(0.123), signedPercent(-0.123), signedPercent(0)]).toEqual([
    '+12.3 %',
    '−12.3 %',
    '0.0 %',
  ]);
  expect([60_000, 300_000, HOUR, 1_500].map(interval)).toEqual([
    '1 minute',
    '5 minutes',
    '1 hour',
    '1500 ms',
  ]);
});
