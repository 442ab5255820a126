/** What happens to one REST request: refused instead of answered, or carried badly. */

import type { Faults } from './faults.ts';
import { REST_KINDS, type RestKind, SPELL_KINDS, type SpellKind } from './kinds.ts';

export interface FaultedRequest {
  readonly method: string;
  readonly path: string;
  readonly isSigned: boolean;
  readonly isReduceOnly: boolean;
}

/** `body` as JSON, or text as it stands. */
export interface FaultAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Record<string, string>;
}

export interface RestFault {
  /** How much later than sent the request reaches the exchange. */
  readonly lateMs: number;
  /** Whether the exchange acts on it. */
  readonly isActedOn: boolean;
  /** What is answered instead of the exchange's own answer. */
  readonly instead: FaultAnswer | null;
  readonly carry: Carry;
}

/** How an answer travels. `cut` breaks off after half of it, `halved` ends there in good form. */
export type Carry =
  | { readonly kind: 'whole' | 'halved' | 'cut' | 'reset' | 'never' }
  | { readonly kind: 'slowly'; readonly ms: number };

interface Spell {
  readonly kind: SpellKind;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** Whether a refusal says when it ends. */
  readonly isEndTold: boolean;
}

/** Longest and shortest of each spell. */
const SPELL_MS: Readonly<Record<SpellKind, readonly [number, number]>> = {
  'rate-limit': [5_000, 20_000],
  ban: [30_000, 90_000],
  forbidden: [10_000, 40_000],
  'time-skew': [2_000, 8_000],
  'stale-query': [5_000, 20_000],
};
/** Spells in which nothing is answered. */
const BARS: ReadonlySet<SpellKind> = new Set(['rate-limit', 'ban', 'forbidden']);
/** Requests that cross the first refusal on their way are not held against the client. */
const CROSSING_MS = 1_000;
/** So many requests against a 429 are a ban. */
const STRIKES_MAX = 10;
/** A fault looks for an order for so long before it takes any request. */
const CHOOSY_MS = 30_000;
/** Waits of an answer in pieces, and of a request on its way: some below a client's patience, some above. */
const SLOW_MS: readonly [number, number] = [500, 15_000];
const LATE_MS: readonly [number, number] = [200, 8_000];

export class RestFaults {
  readonly #faults: Faults;
  #spells: Spell[] = [];
  #strikes = 0;
  #askedTooSoon = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** Requests that came although the client had been told to stay away. */
  get askedTooSoon(): number {
    return this.#askedTooSoon;
  }

  /** What happens to a request that arrives now; null where nothing does. */
  meet(request: FaultedRequest, nowMs: number): RestFault | null {
    this.#spells = this.#spells.filter(({ untilMs }) => untilMs > nowMs);
    for (const kind of SPELL_KINDS) {
      // One that keeps away at a time: a client can heed only the one it has been told of.
      if (BARS.has(kind) && this.#spells.some((spell) => BARS.has(spell.kind))) continue;
      if (this.#applies(kind, request) && this.#faults.take(kind)) this.#begin(kind, nowMs);
    }
    const applying = this.#spells.filter(({ kind }) => this.#applies(kind, request));
    const spell = applying.find(({ kind }) => BARS.has(kind)) ?? applying[0];
    if (spell) return this.#inSpell(spell, request, nowMs);
    const kind = REST_KINDS.find((one) => this.#suits(one, request) && this.#faults.take(one));
    return kind ? this.#draw(kind) : null;
  }

  #applies(kind: SpellKind, { method, path, isSigned }: FaultedRequest): boolean {
    if (kind === 'time-skew') return isSigned;
    if (kind === 'stale-query') return method === 'GET' && path === '/fapi/v1/order';
    return true;
  }

  #begin(kind: SpellKind, nowMs: number): void {
    const { random } = this.#faults;
    const [leastMs, mostMs] = SPELL_MS[kind];
    const untilMs = nowMs + random.between(leastMs, mostMs);
    this.#spells.push({ kind, sinceMs: nowMs, untilMs, isEndTold: random.chance(500) });
    this.#strikes = 0;
  }

  #inSpell(spell: Spell, request: FaultedRequest, nowMs: number): RestFault {
    const { kind, sinceMs, untilMs } = spell;
    const isWarned = nowMs - sinceMs > CROSSING_MS;
    const seconds = Math.ceil((untilMs - nowMs) / 1_000);
    switch (kind) {
      case 'rate-limit':
        // What protects may be tried: of limits by weight and by orders only one may be reached.
        if (isWarned && !isProtection(request)) this.#strike(nowMs);
        return refused(
          429,
          -1003,
          'Too many requests; current limit is 2400 requests per minute.',
          {
            'retry-after': String(seconds),
          },
        );
      case 'ban':
        if (isWarned) this.#askedTooSoon += 1;
        return refused(
          418,
          -1003,
          `Way too many requests; IP(127.0.0.1) banned until ${untilMs}. Please use the websocket for live updates to avoid bans.`,
          spell.isEndTold ? { 'retry-after': String(seconds) } : {},
        );
      case 'forbidden':
        if (isWarned) this.#askedTooSoon += 1;
        return {
          ...NOT_ACTED_ON,
          instead: { status: 403, body: '<html><body>403 Forbidden</body></html>', headers: {} },
        };
      case 'time-skew':
        return refused(400, -1021, 'Timestamp for this request is outside of the recvWindow.');
      case 'stale-query':
        return refused(400, -2013, 'Order does not exist.');
    }
  }

  #strike(nowMs: number): void {
    this.#askedTooSoon += 1;
    this.#strikes += 1;
    if (this.#strikes < STRIKES_MAX) return;
    this.#spells = this.#spells.filter(({ kind }) => kind !== 'rate-limit');
    this.#begin('ban', nowMs);
  }

  /** Orders first: that is where a fault costs most. */
  #suits(kind: RestKind, request: FaultedRequest): boolean {
    const waitingMs = this.#faults.waitingMs(kind);
    if (waitingMs === null) return false;
    const isPlaced = isOrder(request) && request.method === 'POST';
    if (kind === 'overloaded') return isPlaced && !request.isReduceOnly;
    return isOrder(request) || waitingMs >= CHOOSY_MS;
  }

  #draw(kind: RestKind): RestFault {
    const { random } = this.#faults;
    const isActedOn = random.chance(500);
    switch (kind) {
      case 'reset':
        return { ...WHOLE, isActedOn, carry: { kind: 'reset' } };
      case 'slow-body':
        return { ...WHOLE, carry: { kind: 'slowly', ms: random.between(...SLOW_MS) } };
      case 'truncated':
        return { ...WHOLE, carry: { kind: random.chance(500) ? 'halved' : 'cut' } };
      case 'unknown':
        return { ...WHOLE, isActedOn, instead: UNKNOWN[random.below(UNKNOWN.length)] ?? null };
      case 'unavailable':
        return random.chance(500)
          ? { ...NOT_ACTED_ON, instead: { status: 503, body: UNAVAILABLE, headers: {} } }
          : refused(503, 0, UNAVAILABLE);
      case 'overloaded':
        return refused(503, -1008, 'Request throttled by system-level protection.');
      case 'internal':
        return refused(
          503,
          -1001,
          'Internal error; unable to process your request. Please try again.',
        );
      case 'timeout-after':
        return { ...WHOLE, carry: { kind: 'never' } };
      case 'timeout-before':
        return { ...WHOLE, isActedOn: false, carry: { kind: 'never' } };
      case 'late':
        return { ...WHOLE, lateMs: random.between(...LATE_MS) };
    }
  }
}

const WHOLE: RestFault = { lateMs: 0, isActedOn: true, instead: null, carry: { kind: 'whole' } };
const NOT_ACTED_ON: RestFault = { ...WHOLE, isActedOn: false };
const UNAVAILABLE = 'Service Unavailable.';
const UNKNOWN: readonly FaultAnswer[] = [
  {
    status: 503,
    body: 'Unknown error, please check your request or try again later.',
    headers: {},
  },
  {
    status: 503,
    body: {
      code: -1006,
      msg: 'An unexpected response was received from the message bus. Execution status unknown.',
    },
    headers: {},
  },
  {
    status: 408,
    body: {
      code: -1007,
      msg: 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
    },
    headers: {},
  },
];

function refused(
  status: number,
  code: number,
  msg: string,
  headers: Record<string, string> = {},
): RestFault {
  return { ...NOT_ACTED_ON, instead: { status, body: { code, msg }, headers } };
}

function isOrder({ path }: FaultedRequest): boolean {
  return path === '/fapi/v1/order' || path === '/fapi/v1/algoOrder';
}

/** A cancel, or an order that can only reduce. */
function isProtection(request: FaultedRequest): boolean {
  return isOrder(request) && (request.method === 'DELETE' || request.isReduceOnly);
}
