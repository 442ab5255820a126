/**
 * The RemoteFeed protocol, version 1: JSON text over WebSocket. The client says `hello` (with the token
 * where one is configured); the publisher answers `hello`, then a `snapshot`, then `fact`s and
 * heartbeats. Every fact has a sequence number and names the one sent before it, so the client knows
 * when one is missing even though books a slow client would be late for are left out.
 */
import type { InstrumentSpec } from '../../core/instrument.ts';
import type { TimeMs } from '../../core/units.ts';
import type { MarketFact } from '../../ports/market-data-client.ts';

export const PROTOCOL_VERSION = 1;
export const HEARTBEAT_MS = 1_000;
/** Without a word for this long the other side is taken for gone. */
export const SILENCE_MS = 2_500;

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
      readonly instrument: InstrumentSpec;
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

/** The message in `text`; null where it is none that this version knows. */
export function parseFromPublisher(text: string): FromPublisher | null {
  const json = parseObject(text);
  switch (json?.type) {
    case 'hello':
      return typeof json.version === 'number' &&
        typeof json.session === 'string' &&
        isInstrument(json)
        ? (json as unknown as FromPublisher)
        : null;
    case 'snapshot':
      return isWhole(json.sequence) && Array.isArray(json.facts) && json.facts.every(isMarketFact)
        ? (json as unknown as FromPublisher)
        : null;
    case 'fact':
      return isWhole(json.sequence) && isWhole(json.previous) && isMarketFact(json.fact)
        ? (json as unknown as FromPublisher)
        : null;
    case 'heartbeat':
      return isWhole(json.sequence) && isWhole(json.timeMs)
        ? (json as unknown as FromPublisher)
        : null;
    case 'refused':
      return typeof json.reason === 'string' ? (json as unknown as FromPublisher) : null;
    default:
      return null;
  }
}

export function parseFromClient(text: string): FromClient | null {
  const json = parseObject(text);
  if (json?.type === 'hello' && typeof json.version === 'number') {
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

function isInstrument({ instrument }: Untrusted): boolean {
  const spec = (instrument ?? {}) as Partial<Record<keyof InstrumentSpec, unknown>>;
  return [spec.symbol, spec.tickSize, spec.lotSize].every((field) => typeof field === 'string');
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isMarketFact(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const fact = value as UntrustedFact;
  const whole = (...fields: (keyof UntrustedFact)[]) =>
    fields.every((field) => isWhole(fact[field]));
  switch (fact.kind) {
    case 'book':
      return whole('exchangeMs', 'bid', 'bidLots', 'ask', 'askLots') && isUncrossed(fact);
    case 'trade':
      return whole('exchangeMs', 'price', 'lots') && typeof fact.isBuyerMaker === 'boolean';
    case 'markPrice':
      return (
        whole('exchangeMs', 'mark', 'index', 'nextFundingMs') &&
        Number.isSafeInteger(fact.fundingRateE8)
      );
    case 'feedStatus':
      return (
        (fact.feed === 'book' || fact.feed === 'market') &&
        (fact.status === 'up' || fact.status === 'down') &&
        typeof fact.reason === 'string'
      );
    default:
      return false;
  }
}

function isUncrossed({ bid, ask }: UntrustedFact): boolean {
  return Number(bid) > 0 && Number(bid) < Number(ask);
}
