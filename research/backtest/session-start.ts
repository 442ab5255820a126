/** What a session begins with, in a run whose store is empty and whose streams are up from the first moment. */
import type { Event, MarginBracket, TradingStateRecord } from '../../shared/core/event.ts';
import type { InstrumentSpec } from '../../shared/core/instrument.ts';
import type { TimeMs } from '../../shared/core/units.ts';

export interface SessionStart {
  /** Of the first read of the account; the streams are up a millisecond before, so that it misses nothing of theirs. */
  readonly timeMs: TimeMs;
  readonly spec: InstrumentSpec;
  readonly brackets: readonly MarginBracket[];
  readonly leverage: number;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  /** Streams that are up from the first moment. */
  readonly feeds: readonly ('book' | 'market' | 'user')[];
  /** The engine's own before anything was decided. */
  readonly tradingState: TradingStateRecord;
}

export function sessionStart(start: SessionStart): Event[] {
  const { spec, brackets, leverage, makerFeePpm, takerFeePpm, tradingState } = start;
  const timeMs = (start.timeMs - 1) as TimeMs;
  return [
    { kind: 'instrument', timeMs, spec },
    { kind: 'accountTerms', timeMs, brackets, leverage, makerFeePpm, takerFeePpm },
    { kind: 'clock', timeMs, offsetMs: 0, errorMs: 0 },
    ...start.feeds.map(
      (feed): Event => ({ kind: 'feedStatus', timeMs, feed, status: 'up', reason: 'in process' }),
    ),
    {
      kind: 'recovered',
      timeMs: start.timeMs,
      epoch: 1,
      tradingState,
      account: null,
      decision: null,
      orders: [],
      recentTradeIds: [],
    },
  ];
}
