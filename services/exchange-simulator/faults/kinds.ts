/** What can go wrong between an exchange and its clients, by name. */

/** An answer to a request. Whether the exchange has acted on the request is drawn where both occur. */
export const REST_KINDS = [
  /** The connection is reset; acted on or not. */
  'reset',
  /** The answer comes in pieces, over seconds. */
  'slow-body',
  /** The answer is cut: as a complete HTTP answer, or by a reset in the middle of it. Acted on. */
  'truncated',
  /** 503 "Unknown error", -1006 or -1007: acted on or not. */
  'unknown',
  /** 503 "Service Unavailable.": not acted on. */
  'unavailable',
  /** 503 with -1008, for orders that are not reduce-only: not acted on. */
  'overloaded',
  /** 503 with -1001: not acted on. */
  'internal',
  /** Acted on, never answered. */
  'timeout-after',
  /** Not acted on, never answered. */
  'timeout-before',
  /** Reaches the exchange seconds late; its own time window may refuse it then. */
  'late',
] as const;

/** A time in which requests are refused, whoever asks. */
export const SPELL_KINDS = [
  /** 429 with Retry-After. Asking on leads to `ban`. */
  'rate-limit',
  /** 418, its end in Retry-After or only in the text. */
  'ban',
  /** 403 of a web application firewall: HTML, no word of its end. */
  'forbidden',
  /** Signed requests are outside the time window: -1021. */
  'time-skew',
  /** Queries of orders that exist answer -2013. */
  'stale-query',
] as const;

export const STREAM_KINDS = [
  /** A connection is cut without a closing handshake. */
  'disconnect',
  /** A connection stays open, and nothing passes any more: no frame, no pong, no FIN. */
  'half-open',
  /** Half of a frame's JSON. */
  'malformed-frame',
  /** A frame of the user stream is overtaken by later ones. */
  'reordered',
  /** A frame of the user stream comes twice. */
  'duplicated',
  /** A depth diff is missing. */
  'depth-gap',
  /** The next attempt to connect is refused. */
  'refused-upgrade',
  /** The listen key ends, and the stream says so. */
  'listen-key-expired',
  /** The listen key is gone without a word; renewing it answers -1125. */
  'listen-key-lost',
  /** Every connection is closed, as at its 24 h. */
  'day-cut',
] as const;

export const CONTRACT_KINDS = [
  /** The contract is not open for new positions; exchangeInfo and the stream of contracts say so. */
  'contract-paused',
] as const;

export const FAULT_KINDS = [
  ...REST_KINDS,
  ...SPELL_KINDS,
  ...STREAM_KINDS,
  ...CONTRACT_KINDS,
] as const;
export type RestKind = (typeof REST_KINDS)[number];
export type SpellKind = (typeof SPELL_KINDS)[number];
export type FaultKind = (typeof FAULT_KINDS)[number];

/** "all", or kinds with commas between. Throws one readable line for a kind there is not. */
export function parseFaultKinds(text: string): readonly FaultKind[] {
  if (text === 'all') return FAULT_KINDS;
  return text.split(',').map((name) => {
    const kind = FAULT_KINDS.find((known) => known === name.trim());
    if (kind) return kind;
    throw new Error(`"${name}" is no fault; take "all" or some of ${FAULT_KINDS.join(', ')}`);
  });
}
