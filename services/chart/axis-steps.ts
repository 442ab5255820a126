/** Where an axis has its lines: few, at round prices and at round times in UTC. */

const LINES_MAX = 7;
const DAY_MS = 86_400_000;
const TIME_STEPS_MS = [
  ...[1, 5, 10, 15, 30].map((s) => s * 1_000),
  ...[1, 2, 5, 10, 15, 30].map((m) => m * 60_000),
  ...[1, 2, 4, 6, 12].map((h) => h * 3_600_000),
  ...[1, 2, 5, 10, 20, 50].map((d) => d * DAY_MS),
];

/** Multiples of 1, 2 or 5 times a power of ten. */
export function priceSteps(low: number, high: number): number[] {
  const least = (high - low) / LINES_MAX;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
}

/** `14:05`, with seconds where the steps are that fine; the date at midnight. */
export function timeSteps(fromMs: number, toMs: number): { timeMs: number; label: string }[] {
  const least = (toMs - fromMs) / (LINES_MAX - 1);
  const step = TIME_STEPS_MS.find((ms) => ms >= least) ?? 100 * DAY_MS;
  const steps = [];
  for (let timeMs = Math.ceil(fromMs / step) * step; timeMs < toMs; timeMs += step) {
    const iso = new Date(timeMs).toISOString();
    const label = timeMs % DAY_MS === 0 ? iso.slice(5, 10) : iso.slice(11, step < 60_000 ? 19 : 16);
    steps.push({ timeMs, label });
  }
  return steps;
}
