/**
 * The RemoteFeed protocol, version 1: JSON text over WebSocket. The client says `hello` (with the token
 * where one is configured); the publisher answers `hello`, then a `snapshot`, then `fact`s and
 * heartbeats. Every fact has a sequence number and names the one sent before it, so the client knows
 * when one is missing even though books a slow client would be late for are left out.
 */
import type { InstrumentSpec } from '../../core/instrument.ts';
import { isTimeMs, isWhole, type Lots, type Ticks, type TimeMs } from '../../core/units.ts';
import type { MarketFact } from '../../ports/market-data-client.ts';

export const PROTOCOL_VERSION = 1;
export const HEARTBEAT_MS = 1_000;
/** Without a word for this long the other side is taken for gone. */
export const SILENCE_MS = 2_500;

/** What both sides must agree on before a price means the same to them. */
type Steps = Pick<InstrumentSpec, 'symbol' | 'tickSize' | 'lotSize'>;

export type FromClient =
  | { readonly type: 'hello'; readonly version: number; readonly token: string | null }
  /** Facts after sequence number `after` did not come. */
  | { readonly type: 'resend'; readonly after: number };

export type FromPublisher =
  | {
      readonly type: 'hello';
      readonly version: number;
      /** Changes with each start of the publisher. */
      readonly session: string;
      readonly instrument: Steps;
    }
  /** The state at `sequence`: feed statuses, and book and mark price where those are up. */
  | { readonly type: 'snapshot'; readonly sequence: number; readonly facts: readonly MarketFact[] }
  | {
      readonly type: 'fact';
      readonly sequence: number;
      /** Sequence number of the message before it on this connection. */
      readonly previous: number;
      readonly fact: MarketFact;
    }
  /** `sequence` is the newest sent on this connection: a fact lost at the end is noticed too. */
  | { readonly type: 'heartbeat'; readonly sequence: number; readonly timeMs: TimeMs }
  | { readonly type: 'refused'; readonly reason: string };

/** A publisher's state is a handful of facts; a longer list is none. */
const SNAPSHOT_FACTS_MAX = 64;
const REASON_CHARS_MAX = 200;

/** The message in `text`, of the fields this version knows; null where it is none. */
export function parseFromPublisher(text: string): FromPublisher | null {
  const json = parseObject(text);
  if (!json) return null;
  const { type, version, session, sequence, previous, timeMs, reason } = json;
  switch (type) {
    case 'hello': {
      const instrument = steps(json.instrument);
      const isGreeting = isWhole(version) && typeof session === 'string' && instrument !== null;
      return isGreeting ? { type, version, session, instrument } : null;
    }
    case 'snapshot': {
      const facts = Array.isArray(json.facts) ? json.facts.slice(0, SNAPSHOT_FACTS_MAX + 1) : null;
      const read = facts?.map(marketFact).filter((fact) => fact !== null);
      const isWholly = facts && facts.length <= SNAPSHOT_FACTS_MAX && read?.length === facts.length;
      return isWhole(sequence) && isWholly ? { type, sequence, facts: read ?? [] } : null;
    }
    case 'fact': {
      const fact = marketFact(json.fact);
      if (!isWhole(sequence) || !isWhole(previous) || !fact) return null;
      return { type, sequence, previous, fact };
    }
    case 'heartbeat':
      return isWhole(sequence) && isTimeMs(timeMs) ? { type, sequence, timeMs } : null;
    case 'refused':
      return typeof reason === 'string'
        ? { type, reason: reason.slice(0, REASON_CHARS_MAX) }
        : null;
    default:
      return null;
  }
}

export function parseFromClient(text: string): FromClient | null {
  const json = parseObject(text);
  if (json?.type === 'hello' && isWhole(json.version)) {
    const token = typeof json.token === 'string' ? json.token : null;
    return { type: 'hello', version: json.version, token };
  }
  if (json?.type === 'resend' && isWhole(json.after)) return { type: 'resend', after: json.after };
  return null;
}

/** Fields of any kind of fact, likewise. */
interface UntrustedFact {
  readonly kind?: unknown;
  readonly exchangeMs?: unknown;
  readonly bid?: unknown;
  readonly bidLots?: unknown;
  readonly ask?: unknown;
  readonly askLots?: unknown;
  readonly price?: unknown;
  readonly lots?: unknown;
  readonly isBuyerMaker?: unknown;
  readonly mark?: unknown;
  readonly index?: unknown;
  readonly fundingRateE8?: unknown;
  readonly nextFundingMs?: unknown;
  readonly feed?: unknown;
  readonly status?: unknown;
  readonly reason?: unknown;
  readonly deliveryMs?: unknown;
}

/** Fields a message may have; none is believed before it is looked at. */
interface Untrusted {
  readonly type?: unknown;
  readonly version?: unknown;
  readonly token?: unknown;
  readonly session?: unknown;
  readonly instrument?: unknown;
  readonly sequence?: unknown;
  readonly previous?: unknown;
  readonly after?: unknown;
  readonly timeMs?: unknown;
  readonly reason?: unknown;
  readonly fact?: unknown;
  readonly facts?: unknown;
}

function parseObject(text: string): Untrusted | null {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? json : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

function steps(value: unknown): Steps | null {
  const { symbol, tickSize, lotSize } = (value ?? {}) as Partial<Record<keyof Steps, unknown>>;
  if (![symbol, tickSize, lotSize].every(isShort)) return null;
  return { symbol, tickSize, lotSize } as Steps;
}

function isShort(value: unknown): value is string {
  return typeof value === 'string' && value.length <= REASON_CHARS_MAX;
}

/** The fact in a value, of the fields it has by its kind; null where one of them is not what it must be. */
function marketFact(value: unknown): MarketFact | null {
  if (typeof value !== 'object' || value === null) return null;
  const untrusted = value as UntrustedFact;
  const { kind } = untrusted;
  if (kind === 'feedStatus') return feedStatus(untrusted);
  if (kind === 'contractStatus') return contractStatus(untrusted);
  const { exchangeMs, isBuyerMaker, index, fundingRateE8, nextFundingMs } = untrusted;
  if (!isTimeMs(exchangeMs)) return null;
  switch (kind) {
    case 'book': {
      const { bid, bidLots, ask, askLots } = untrusted;
      if (!isCount(bid) || !isCount(ask) || !(bid < ask)) return null;
      if (!isCount(bidLots) || !isCount(askLots)) return null;
      const tops = { bid, ask } as { bid: Ticks; ask: Ticks };
      const sizes = { bidLots, askLots } as { bidLots: Lots; askLots: Lots };
      return { kind, exchangeMs, ...tops, ...sizes };
    }
    case 'trade': {
      const { price, lots } = untrusted;
      if (!isCount(price) || !isCount(lots) || typeof isBuyerMaker !== 'boolean') return null;
      return { kind, exchangeMs, price: price as Ticks, lots: lots as Lots, isBuyerMaker };
    }
    case 'markPrice': {
      const { mark } = untrusted;
      if (!isCount(mark) || !isWhole(index) || !isTimeMs(nextFundingMs)) return null;
      if (!Number.isSafeInteger(fundingRateE8)) return null;
      const prices = { mark, index } as { mark: Ticks; index: Ticks };
      // Adding zero makes -0 the 0 it is.
      return {
        kind,
        exchangeMs,
        ...prices,
        fundingRateE8: Number(fundingRateE8) + 0,
        nextFundingMs,
      };
    }
    default:
      return null;
  }
}

function feedStatus({ feed, status, reason }: UntrustedFact): MarketFact | null {
  if ((feed !== 'book' && feed !== 'market') || (status !== 'up' && status !== 'down')) return null;
  if (typeof reason !== 'string') return null;
  return { kind: 'feedStatus', feed, status, reason: reason.slice(0, REASON_CHARS_MAX) };
}

function contractStatus({ status, deliveryMs }: UntrustedFact): MarketFact | null {
  if (!isShort(status) || !isTimeMs(deliveryMs)) return null;
  return { kind: 'contractStatus', status, deliveryMs };
}

function isCount(value: unknown): value is number {
  return isWhole(value) && value > 0;
}
