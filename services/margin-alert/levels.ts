/**
 * When a measure is worth an alert: once as it crosses a level, again only after it has clearly fallen
 * back, and not within the cool-down of the last time. Pure.
 */
import type { TimeMs } from '../../shared/core/units.ts';

/** Rising is worse; levels rise. */
export interface Watch {
  readonly levels: readonly number[];
}

export interface WatchState {
  /** Levels crossed now, 0 for none. */
  readonly level: number;
  /** Levels told of and not yet fallen below. */
  readonly told: number;
  /** When each level was last told, by its number from 1. */
  readonly toldMs: Readonly<Record<number, TimeMs>>;
}

export interface Step {
  readonly state: WatchState;
  /** `crossed` is to be told with its level, `cleared` that all is well again. */
  readonly news:
    | { readonly kind: 'crossed'; readonly level: number }
    | { readonly kind: 'cleared' }
    | null;
}

export const QUIET: WatchState = { level: 0, told: 0, toldMs: {} };

/** A level is left only below this share of it. */
const CLEAR_SHARE = 0.9;
export const COOL_DOWN_MS = 30 * 60_000;

/** A value of null is not known: nothing changes. */
export function step(
  { levels }: Watch,
  state: WatchState,
  value: number | null,
  nowMs: TimeMs,
): Step {
  if (value === null) return { state, news: null };
  const reached = levels.filter((level) => value >= level).length;
  const held = levels.filter((level) => value >= level * CLEAR_SHARE).length;
  const level = Math.max(reached, Math.min(state.level, held));
  if (level < state.told) {
    const news = level === 0 ? ({ kind: 'cleared' } as const) : null;
    return { state: { ...state, level, told: level }, news };
  }
  const last = state.toldMs[level];
  const isCool = last === undefined || nowMs - last >= COOL_DOWN_MS;
  if (level === state.told || !isCool) return { state: { ...state, level }, news: null };
  const toldMs: Record<number, TimeMs> = { ...state.toldMs };
  for (let told = 1; told <= level; told++) toldMs[told] = nowMs;
  return { state: { level, told: level, toldMs }, news: { kind: 'crossed', level } };
}
