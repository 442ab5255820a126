/**
 * Reads the market frames of Binance USD-M from their bytes, without JSON.parse: a depth frame has
 * a hundred levels and comes up to 30 times a second. It checks as strictly as it reads: what it
 * accepts holds only whole, safe, non-negative numbers, and anything odd is `malformed`.
 *
 * The exchange writes compact JSON with the event type first; that is relied on, the order of the
 * other fields is not, and unknown fields are passed over.
 */
import type { Instrument } from '../../../core/instrument.ts';
import { isTimeMs } from '../../../core/units.ts';
import { type DecimalScale, decimalScale } from './decimal-scale.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  FAILED,
  OPEN_BRACKET,
  QUOTE,
  skipString,
  skipValue,
  startsWith,
} from './json-bytes.ts';
import { LevelList } from './level-list.ts';

/** `other`: a well-formed message of no interest here, such as the answer to a subscription. */
export type FrameKind =
  | 'depth'
  | 'bookTicker'
  | 'trade'
  | 'aggTrade'
  | 'markPrice'
  | 'contractInfo'
  | 'other'
  | 'malformed';

const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
/** Digits that fit into a 32-bit integer whatever they are. */
const DIGITS_QUICK = 9;

const WRAPPER = Buffer.from('{"stream":"');
const WRAPPED_DATA = Buffer.from('","data":');
const EVENT = Buffer.from('{"e":"');
const REPLIES = [Buffer.from('{"result":'), Buffer.from('{"id":'), Buffer.from('{"error":')];
const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');

const KINDS: readonly { readonly name: Buffer; readonly kind: FrameKind }[] = [
  { name: Buffer.from('depthUpdate"'), kind: 'depth' },
  { name: Buffer.from('bookTicker"'), kind: 'bookTicker' },
  { name: Buffer.from('trade"'), kind: 'trade' },
  { name: Buffer.from('aggTrade"'), kind: 'aggTrade' },
  { name: Buffer.from('markPriceUpdate"'), kind: 'markPrice' },
  { name: Buffer.from('contractInfo"'), kind: 'contractInfo' },
];

/** Fields that must have been seen, as bits; `#seen` collects them and refuses a second time. */
const SYMBOL = 1;
const EVENT_TIME = 2;
const FIRST_ID = 4;
const LAST_ID = 8;
const PREVIOUS_ID = 16;
const BIDS = 32;
const ASKS = 64;
const BID_LOTS = 128;
const ASK_LOTS = 256;
const MAKER = 512;
const REQUIRED: Partial<Record<FrameKind, number>> = {
  depth: SYMBOL | EVENT_TIME | FIRST_ID | LAST_ID | PREVIOUS_ID | BIDS | ASKS,
  bookTicker: SYMBOL | EVENT_TIME | LAST_ID | BIDS | BID_LOTS | ASKS | ASK_LOTS,
  trade: SYMBOL | EVENT_TIME | LAST_ID | BIDS | BID_LOTS | MAKER,
  aggTrade: SYMBOL | EVENT_TIME | LAST_ID | BIDS | BID_LOTS | MAKER,
};

export class FrameScanner {
  /** Exchange event time E, in ms. */
  eventMs = 0;
  /** Depth: U, the first update id. */
  firstId = 0;
  /** Depth and bookTicker: u, the last update id. Trades: their id. */
  lastId = 0;
  /** Depth: pu, the last id of the frame before. */
  previousId = 0;
  /** Depth: the levels changed. */
  readonly bids = new LevelList();
  readonly asks = new LevelList();
  /** bookTicker: best bid and ask. Trades: price and lots are in `bid` and `bidLots`. */
  bid = 0;
  bidLots = 0;
  ask = 0;
  askLots = 0;
  isBuyerMaker = false;

  readonly #symbol: Buffer;
  readonly #tick: DecimalScale;
  readonly #lot: DecimalScale;
  #seen = 0;
  /** What `#whole`, `#price` and `#quantity` read last. */
  #value = 0;
  /** Position after what `#steps` read last, or FAILED. */
  #after = 0;

  constructor(instrument: Instrument) {
    this.#symbol = Buffer.from(`"${instrument.spec.symbol}"`);
    this.#tick = decimalScale(instrument.spec.tickSize);
    this.#lot = decimalScale(instrument.spec.lotSize);
  }

  /** Reads one frame into the fields above, which hold until the next call. Never throws. */
  scan(bytes: Buffer): FrameKind {
    let at = 0;
    const isWrapped = startsWith(bytes, 0, WRAPPER);
    if (isWrapped) {
      at = skipString(bytes, WRAPPER.length - 1) - 1;
      if (at < 0 || !startsWith(bytes, at, WRAPPED_DATA)) return 'malformed';
      at += WRAPPED_DATA.length;
    }
    if (!startsWith(bytes, at, EVENT)) return isReply(bytes) ? 'other' : 'malformed';
    const nameStart = at + EVENT.length;
    at = skipString(bytes, nameStart - 1);
    if (at === FAILED) return 'malformed';
    const kind = kindNamed(bytes, nameStart);
    this.#seen = 0;
    while (bytes[at] === COMMA) {
      at = this.#field(bytes, at + 1, kind);
      if (at === FAILED) return 'malformed';
    }
    if (bytes[at] !== CLOSE_BRACE) return 'malformed';
    if (isWrapped && bytes[++at] !== CLOSE_BRACE) return 'malformed';
    const required = REQUIRED[kind] ?? 0;
    const isComplete = at === bytes.length - 1 && (this.#seen & required) === required;
    return isComplete ? kind : 'malformed';
  }

  /** Reads `"key":value` at `at`; the position after it, or FAILED. */
  #field(bytes: Buffer, at: number, kind: FrameKind): number {
    if (bytes[at] !== QUOTE) return FAILED;
    const end = skipString(bytes, at);
    if (end === FAILED || bytes[end] !== COLON) return FAILED;
    const length = end - at - 2;
    const value = end + 1;
    if (length === 1) {
      const key = String.fromCharCode(bytes[at + 1] as number);
      // The one stream that tells of all contracts.
      if (key === 's' && kind !== 'contractInfo') return this.#checkSymbol(bytes, value);
      if (key === 'E') return this.#eventTime(bytes, value);
      if (kind === 'depth') return this.#depthField(bytes, value, key);
      if (kind === 'bookTicker') return this.#tickerField(bytes, value, key);
      if (kind === 'trade' || kind === 'aggTrade') return this.#tradeField(bytes, value, key, kind);
    } else if (
      length === 2 &&
      kind === 'depth' &&
      bytes[at + 1] === 0x70 &&
      bytes[at + 2] === 0x75
    ) {
      const after = this.#whole(bytes, value, PREVIOUS_ID);
      this.previousId = this.#value;
      return after;
    }
    return skipValue(bytes, value);
  }

  #checkSymbol(bytes: Buffer, at: number): number {
    if (!this.#first(SYMBOL) || !startsWith(bytes, at, this.#symbol)) return FAILED;
    return at + this.#symbol.length;
  }

  #eventTime(bytes: Buffer, at: number): number {
    const after = this.#whole(bytes, at, EVENT_TIME);
    this.eventMs = this.#value;
    return isTimeMs(this.eventMs) ? after : FAILED;
  }

  #depthField(bytes: Buffer, at: number, key: string): number {
    let after: number;
    switch (key) {
      case 'U':
        after = this.#whole(bytes, at, FIRST_ID);
        this.firstId = this.#value;
        return after;
      case 'u':
        after = this.#whole(bytes, at, LAST_ID);
        this.lastId = this.#value;
        return after;
      case 'b':
        return this.#first(BIDS) ? this.#levels(bytes, at, this.bids) : FAILED;
      case 'a':
        return this.#first(ASKS) ? this.#levels(bytes, at, this.asks) : FAILED;
      default:
        return skipValue(bytes, at);
    }
  }

  #tickerField(bytes: Buffer, at: number, key: string): number {
    let after: number;
    switch (key) {
      case 'u':
        after = this.#whole(bytes, at, LAST_ID);
        this.lastId = this.#value;
        return after;
      case 'b':
        after = this.#price(bytes, at, BIDS);
        this.bid = this.#value;
        return after;
      case 'B':
        after = this.#quantity(bytes, at, BID_LOTS);
        this.bidLots = this.#value;
        return after;
      case 'a':
        after = this.#price(bytes, at, ASKS);
        this.ask = this.#value;
        return after;
      case 'A':
        after = this.#quantity(bytes, at, ASK_LOTS);
        this.askLots = this.#value;
        return after;
      default:
        return skipValue(bytes, at);
    }
  }

  #tradeField(bytes: Buffer, at: number, key: string, kind: 'trade' | 'aggTrade'): number {
    let after: number;
    switch (key) {
      case kind === 'trade' ? 't' : 'a':
        after = this.#whole(bytes, at, LAST_ID);
        this.lastId = this.#value;
        return after;
      case 'p':
        after = this.#price(bytes, at, BIDS);
        this.bid = this.#value;
        return after;
      case 'q':
        after = this.#quantity(bytes, at, BID_LOTS);
        this.bidLots = this.#value;
        return this.bidLots > 0 ? after : FAILED;
      case 'm':
        if (!this.#first(MAKER)) return FAILED;
        this.isBuyerMaker = bytes[at] === TRUE[0];
        if (startsWith(bytes, at, TRUE)) return at + TRUE.length;
        return startsWith(bytes, at, FALSE) ? at + FALSE.length : FAILED;
      default:
        return skipValue(bytes, at);
    }
  }

  /** `[["price","quantity"],…]` into `list`. */
  #levels(bytes: Buffer, start: number, list: LevelList): number {
    if (bytes[start] !== OPEN_BRACKET) return FAILED;
    list.count = 0;
    let at = start + 1;
    if (bytes[at] === CLOSE_BRACKET) return at + 1;
    const tick = this.#tick;
    const lot = this.#lot;
    let { prices, lots } = list;
    for (let count = 0; ; ) {
      if (bytes[at] !== OPEN_BRACKET) return FAILED;
      const price = this.#steps(bytes, at + 1, tick);
      at = this.#after;
      if (price <= 0 || bytes[at] !== COMMA) return FAILED;
      prices[count] = price;
      const quantity = this.#steps(bytes, at + 1, lot);
      at = this.#after;
      if (quantity < 0 || bytes[at] !== CLOSE_BRACKET) return FAILED;
      lots[count] = quantity;
      count += 1;
      const next = bytes[at + 1];
      if (next === CLOSE_BRACKET) {
        list.count = count;
        return at + 2;
      }
      if (next !== COMMA) return FAILED;
      if (count === prices.length) {
        if (!list.grow()) return FAILED;
        ({ prices, lots } = list);
      }
      at += 2;
    }
  }

  #price(bytes: Buffer, at: number, field: number): number {
    const after = this.#first(field) ? this.#decimal(bytes, at, this.#tick) : FAILED;
    return this.#value > 0 ? after : FAILED;
  }

  #quantity(bytes: Buffer, at: number, field: number): number {
    return this.#first(field) ? this.#decimal(bytes, at, this.#lot) : FAILED;
  }

  /**
   * What `#decimal` reads, or FAILED, as the result; the position after it in `#after`. Levels are most
   * of all bytes, so their usual form, a point and few digits, is read here in machine integers, a
   * fifth faster. Everything else is left to `#decimal`.
   */
  #steps(bytes: Buffer, start: number, scale: DecimalScale): number {
    const first = start + 1;
    let at = first;
    let value = 0;
    // The digits are the bytes 0x30 to 0x39; what lies beyond the end is none.
    let digit = (bytes[at] as number) ^ ZERO;
    while (digit <= 9) {
      value = (value * 10 + digit) | 0;
      digit = (bytes[++at] as number) ^ ZERO;
    }
    const dot = at;
    const end = dot + scale.decimals;
    if (
      bytes[start] === QUOTE &&
      dot > first &&
      bytes[dot] === DOT &&
      end - first <= DIGITS_QUICK
    ) {
      while (at < end) {
        digit = (bytes[at + 1] as number) ^ ZERO;
        if (digit > 9) break;
        value = (value * 10 + digit) | 0;
        at += 1;
      }
      if (at === end) {
        at += 1;
        while (bytes[at] === ZERO) at += 1;
        if (bytes[at] === QUOTE && at > dot + 1 && scale.multiple === 1) {
          this.#after = at + 1;
          return value;
        }
      }
    }
    this.#after = this.#decimal(bytes, start, scale);
    return this.#after === FAILED ? FAILED : this.#value;
  }

  /** A quoted plain decimal as a whole number of steps into `#value`; FAILED where it is no such thing. */
  #decimal(bytes: Buffer, start: number, { decimals, multiple }: DecimalScale): number {
    if (bytes[start] !== QUOTE) return FAILED;
    let at = start + 1;
    let byte = bytes[at] as number;
    if (!(byte >= ZERO && byte <= NINE)) return FAILED;
    let value = byte - ZERO;
    byte = bytes[++at] as number;
    while (byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      byte = bytes[++at] as number;
    }
    let missing = decimals;
    if (byte === DOT) {
      byte = bytes[++at] as number;
      if (!(byte >= ZERO && byte <= NINE)) return FAILED;
      while (missing > 0 && byte >= ZERO && byte <= NINE) {
        value = value * 10 + (byte - ZERO);
        missing -= 1;
        byte = bytes[++at] as number;
      }
      // Digits finer than a step must say nothing.
      while (byte === ZERO) byte = bytes[++at] as number;
    }
    if (byte !== QUOTE) return FAILED;
    for (; missing > 0; missing--) value *= 10;
    if (value > Number.MAX_SAFE_INTEGER) return FAILED;
    if (multiple !== 1) {
      if (value % multiple !== 0) return FAILED;
      value /= multiple;
    }
    this.#value = value;
    return at + 1;
  }

  /** A non-negative whole number into `#value`. */
  #whole(bytes: Buffer, start: number, field: number): number {
    if (!this.#first(field)) return FAILED;
    let at = start;
    let value = 0;
    for (;;) {
      const digit = (bytes[at] as number) - ZERO;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      at += 1;
    }
    if (at === start || value > Number.MAX_SAFE_INTEGER) return FAILED;
    this.#value = value;
    return at;
  }

  /** False where the field was already there: whichever of the two is meant, the frame is not to be trusted. */
  #first(field: number): boolean {
    if ((this.#seen & field) !== 0) return false;
    this.#seen |= field;
    return true;
  }
}

function kindNamed(bytes: Buffer, at: number): FrameKind {
  for (const { name, kind } of KINDS) if (startsWith(bytes, at, name)) return kind;
  return 'other';
}

function isReply(bytes: Buffer): boolean {
  return REPLIES.some((reply) => startsWith(bytes, 0, reply));
}
