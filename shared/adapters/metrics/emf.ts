/**
 * CloudWatch metrics as lines of the log, in the embedded metric format: CloudWatch takes them out of
 * the log, so nothing is called and nothing can be slow.
 */

/** Name and unit by which CloudWatch knows a metric. */
export interface MetricDefinition {
  readonly name: string;
  readonly unit: string;
}

/** At most this many values of one metric in a line; a limit of the format. */
export const VALUES_MAX = 100;

export interface MetricWriterOptions<Key extends string> {
  readonly namespace: string;
  /** The one dimension: its name, and what it is here. */
  readonly dimension: { readonly name: string; readonly value: string };
  readonly metrics: Readonly<Record<Key, MetricDefinition>>;
  /** Takes a line with its end, e.g. standard output. */
  readonly write: (line: string) => void;
}

/** Writes one moment's values; what is null, not finite or an empty list is left out. */
export type MetricWriter<Key extends string> = (
  timeMs: number,
  values: Readonly<Partial<Record<Key, number | readonly number[] | null>>>,
) => void;

export function createMetricWriter<Key extends string>(
  options: MetricWriterOptions<Key>,
): MetricWriter<Key> {
  const { namespace, dimension, metrics, write } = options;
  return (timeMs, values) => {
    const told: Record<string, number | number[]> = {};
    const definitions: { Name: string; Unit: string }[] = [];
    for (const [key, value] of Object.entries(values) as [Key, number | number[] | null][]) {
      const finite = [value].flat().filter((one): one is number => Number.isFinite(one));
      const [first] = finite;
      if (first === undefined) continue;
      const { name, unit } = metrics[key];
      definitions.push({ Name: name, Unit: unit });
      told[name] = finite.length === 1 ? first : finite.slice(-VALUES_MAX);
    }
    if (definitions.length === 0) return;
    const directive = {
      Namespace: namespace,
      Dimensions: [[dimension.name]],
      Metrics: definitions,
    };
    const about = { Timestamp: Math.trunc(timeMs), CloudWatchMetrics: [directive] };
    write(`${JSON.stringify({ _aws: about, [dimension.name]: dimension.value, ...told })}\n`);
  };
}
