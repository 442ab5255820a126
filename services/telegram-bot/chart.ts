/** /chart: has a picture drawn by a program of its own, since drawing takes memory and time. */
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import { INTERVALS, intervalMs } from '../../shared/core/market/candle.ts';
import type { ChartDrawer } from '../../shared/operation/chart-request.ts';
import type { Answer } from './messages.ts';

/** Null where the picture itself will be the answer. */
export async function chart(
  { charts, configuration }: { charts: ChartDrawer | null; configuration: EffectiveConfiguration },
  { argument, chatId, id }: { argument: string; chatId: number; id: string },
): Promise<Answer | null> {
  if (!charts) return { text: 'No program that draws charts is deployed.' };
  const baseMs = intervalMs(configuration.interval);
  const asked = argument === '' ? configuration.interval : argument;
  const possible = INTERVALS.filter((known) => intervalMs(known) % baseMs === 0);
  const interval = possible.find((known) => known === asked);
  if (!interval) return { text: `/chart takes ${possible.join(', ')}` };
  await charts.request({ id, chatId, intervalMs: intervalMs(interval) });
  return null;
}
