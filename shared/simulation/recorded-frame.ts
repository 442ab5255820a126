/**
 * Reads the frames of a recording: depth diffs, bookTickers and trades in the combined-stream wrapper,
 * and the REST depth body. Frames of other streams are null.
 */
import type { Instrument } from '../core/instrument.ts';
import { isTimeMs, isWhole, type Lots, MalformedNumberError, type Ticks } from '../core/units.ts';
import type { Level, RecordedFrame } from './venue.ts';

export type MarketFrame =
  | {
      readonly kind: 'snapshot';
      readonly lastUpdateId: number;
      readonly bids: readonly Level[];
      readonly asks: readonly Level[];
    }
  | {
      readonly kind: 'depth';
      /** T, the matching engine's time. */
      readonly transactionMs: number;
      readonly firstUpdateId: number;
      readonly finalUpdateId: number;
      readonly previousFinalUpdateId: number;
      readonly bids: readonly Level[];
      readonly asks: readonly Level[];
    }
  | {
      readonly kind: 'bookTicker';
      readonly updateId: number;
      readonly bid: Level;
      readonly ask: Level;
    }
  | {
      readonly kind: 'trade';
      readonly transactionMs: number;
      readonly tradeId: number;
      readonly price: Ticks;
      readonly quantity: Lots;
      readonly isBuyerMaker: boolean;
      /** False for what never was in the book (insurance fund, auto-deleveraging). */
      readonly isMarket: boolean;
    };

/** A frame of a recording is not what it should be. */
export class MalformedFrameError extends Error {
  override readonly name = 'MalformedFrameError';
}

/** What a frame says; null for a stream that the simulation does not use. Throws MalformedFrameError. */
export function readFrame(recorded: RecordedFrame, instrument: Instrument): MarketFrame | null {
  try {
    return read(recorded, instrument);
  } catch (error) {
    if (error instanceof MalformedFrameError || error instanceof MalformedNumberError) {
      const start = recorded.raw.slice(0, 120);
      throw new MalformedFrameError(
        `frame received at ${recorded.receivedMs} ms: ${error.message}: ${start}`,
      );
    }
    throw error;
  }
}

/** The exchange's time E of a frame; null where it has none. */
export function exchangeTimeMs(recorded: RecordedFrame): number | null {
  const body = record(recorded.frame);
  const data = body.data === undefined ? body : record(body.data);
  return isTimeMs(data.E) ? data.E : null;
}

/**
 * The offset that turns receive times into virtual time: the largest E - receive time of all frames, so
 * that no frame is delivered before its own exchange time. 0 where no frame has a time.
 */
export function clockOffsetMs(frames: Iterable<RecordedFrame>): number {
  let offset: number | null = null;
  for (const frame of frames) {
    const timeMs = exchangeTimeMs(frame);
    if (timeMs !== null) offset = Math.max(offset ?? -Infinity, timeMs - frame.receivedMs);
  }
  return offset ?? 0;
}

function read(recorded: RecordedFrame, instrument: Instrument): MarketFrame | null {
  const body = record(recorded.frame);
  if (body.data === undefined) {
    if (body.lastUpdateId === undefined) return null;
    return {
      kind: 'snapshot',
      lastUpdateId: whole(body.lastUpdateId),
      bids: levels(body.bids, instrument),
      asks: levels(body.asks, instrument),
    };
  }
  const data = record(body.data);
  if (data.s !== undefined && data.s !== instrument.spec.symbol) return null;
  switch (data.e) {
    case 'depthUpdate':
      return {
        kind: 'depth',
        transactionMs: whole(data.T),
        firstUpdateId: whole(data.U),
        finalUpdateId: whole(data.u),
        previousFinalUpdateId: whole(data.pu),
        bids: levels(data.b, instrument),
        asks: levels(data.a, instrument),
      };
    case 'bookTicker':
      return {
        kind: 'bookTicker',
        updateId: whole(data.u),
        bid: level(data.b, data.B, instrument),
        ask: level(data.a, data.A, instrument),
      };
    case 'trade':
      return {
        kind: 'trade',
        transactionMs: whole(data.T),
        tradeId: whole(data.t),
        ...level(data.p, data.q, instrument),
        isBuyerMaker: data.m === true,
        isMarket: data.X === undefined || data.X === 'MARKET',
      };
    default:
      return null;
  }
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new MalformedFrameError('not an object');
  return value as Record<string, unknown>;
}

function whole(value: unknown): number {
  if (isWhole(value)) return value;
  throw new MalformedFrameError('an id or a time is not a whole number');
}

function levels(value: unknown, instrument: Instrument): Level[] {
  if (!Array.isArray(value)) throw new MalformedFrameError('levels are not a list');
  return value.map((row: unknown) => {
    if (!Array.isArray(row)) throw new MalformedFrameError('a level is not a pair');
    return level(row[0], row[1], instrument);
  });
}

function level(price: unknown, quantity: unknown, instrument: Instrument): Level {
  if (typeof price !== 'string' || typeof quantity !== 'string') {
    throw new MalformedFrameError('a price or a quantity is not text');
  }
  const read = {
    price: instrument.parsePrice(price),
    quantity: instrument.parseQuantity(quantity),
  };
  if (read.price > 0 && read.quantity >= 0) return read;
  throw new MalformedFrameError('a price is not above zero or a quantity below it');
}
