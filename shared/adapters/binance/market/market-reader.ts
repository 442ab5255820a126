/**
 * Frames in, facts out: the whole reading of Binance's market streams apart from sockets, so that
 * the live client and the replay of a recording are the same code. It asks for snapshots and says when
 * the book is lost; fetching and reconnecting are its owner's.
 */
import type { Instrument } from '../../../core/instrument.ts';
import type { Lots, Ticks, TimeMs } from '../../../core/units.ts';
import type { MarketFact } from '../../../ports/market-data-client.ts';
import { BookCheck } from './book-check.ts';
import { parseContractInfo } from './contract-info.ts';
import type { DepthListener } from './depth-listener.ts';
import { type DepthSnapshot, MalformedMessageError, parseDepthSnapshot } from './depth-snapshot.ts';
import { DepthSync } from './depth-sync.ts';
import { type FrameKind, FrameScanner } from './frame-scanner.ts';
import type { LevelList } from './level-list.ts';
import { parseMarkPrice } from './mark-price.ts';
import { OrderBook } from './order-book.ts';

export interface MarketReaderOptions {
  readonly instrument: Instrument;
  /** Which of the two trade streams makes trade facts; the other is passed over. */
  readonly tradeStream: 'trade' | 'aggTrade';
  readonly publish: (fact: MarketFact) => void;
  /** A snapshot is wanted: give it to `onSnapshot`. Called again when one did not fit. */
  readonly wantSnapshot: (reason: string) => void;
  readonly listener?: DepthListener | undefined;
}

/** Checks in a row a crossed or empty book is borne before the book is taken anew. */
const BAD_BOOKS_MAX = 2;
const MISMATCHES_MAX = 3;
/**
 * What comes again while two connections overlap lies this close behind. Further behind, what was taken
 * before was wrong, and the stream must not be passed over until it catches up with that.
 */
const REPEATED_TRADES_MAX = 1_000_000;
const REPEATED_MARK_MS_MAX = 60_000;

export class MarketReader {
  readonly #options: MarketReaderOptions;
  readonly #scanner: FrameScanner;
  readonly #book = new OrderBook();
  readonly #check = new BookCheck();
  readonly #sync: DepthSync;
  readonly #published = { book: 'down', market: 'down' };
  #isSnapshotWanted = false;
  #badBooks = 0;
  #lastTradeId = -1;
  #lastMarkMs = -1;
  #frames = 0;
  #books = 0;
  #resyncs = 0;
  #malformed = 0;

  constructor(options: MarketReaderOptions) {
    this.#options = options;
    this.#scanner = new FrameScanner(options.instrument);
    this.#sync = new DepthSync(this.#book, this.#scanner);
  }

  get isLive(): boolean {
    return this.#sync.state === 'live';
  }

  get stats() {
    return {
      frames: this.#frames,
      books: this.#books,
      bookMismatches: this.#check.mismatches,
      bookChecks: this.#check.checks,
      resyncs: this.#resyncs,
      malformed: this.#malformed,
    };
  }

  /** Takes a frame of `socket`; the kind it was. Malformed frames are counted and dropped, whatever they hold. */
  onFrame(raw: Buffer, socket: 'public' | 'market'): FrameKind {
    this.#frames += 1;
    const kind = this.#scanner.scan(raw);
    switch (kind) {
      case 'depth':
        this.#onDiff(raw);
        break;
      case 'bookTicker':
        this.#onTicker();
        break;
      case 'trade':
      case 'aggTrade':
        if (kind === this.#options.tradeStream) this.#onTrade();
        break;
      case 'markPrice':
        return this.#onMarkPrice(raw);
      case 'contractInfo':
        return this.#onContractInfo(raw);
      case 'malformed':
        this.#onMalformed(socket);
        break;
      case 'other':
        break;
    }
    return kind;
  }

  /** Takes the body of a depth snapshot; one that was not asked for is passed over. */
  onSnapshot(body: string): void {
    if (this.#sync.state !== 'buffering') return;
    let snapshot: DepthSnapshot;
    try {
      snapshot = parseDepthSnapshot(body, this.#options.instrument);
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      this.#malformed += 1;
      this.#options.wantSnapshot(error.message);
      return;
    }
    this.#badBooks = 0;
    const outcome = this.#sync.onSnapshot(snapshot, () => this.#noteForCheck());
    if (outcome === 'gap') this.resync('the snapshot and the diffs do not meet');
    if (outcome === 'live') this.#onBegin();
  }

  /** The book can no longer be believed: says so, forgets it and asks for a snapshot. */
  resync(reason: string): void {
    this.#resyncs += 1;
    this.lose(reason);
    this.#wantSnapshot(reason);
  }

  /** The stream is gone: the book is down until diffs and a snapshot come again. */
  lose(reason: string): void {
    this.#sync.reset();
    this.#check.reset();
    this.#isSnapshotWanted = false;
    this.#setStatus('book', 'down', reason);
    this.#options.listener?.invalid(reason);
  }

  /** Market streams (trades, mark price) are up again with their first frame. */
  loseMarket(reason: string): void {
    this.#setStatus('market', 'down', reason);
  }

  #onDiff(raw: Buffer): void {
    const wasLive = this.isLive;
    switch (this.#sync.onDiff(raw)) {
      case 'applied':
        this.#noteForCheck();
        if (!this.isLive) return; // The check has just given the book up.
        if (wasLive) this.#mirrorDiff();
        if (wasLive) this.#publishBook();
        else this.#onBegin();
        return;
      case 'buffered':
        if (!this.#isSnapshotWanted) this.#wantSnapshot('diffs have begun');
        return;
      case 'gap':
        // This diff may follow the snapshot to come: it is the first of the new buffer.
        this.#resyncs += 1;
        this.lose('a diff is missing');
        this.#sync.onDiff(raw);
        this.#wantSnapshot('a diff is missing');
        return;
      case 'ignored':
        return;
    }
  }

  #wantSnapshot(reason: string): void {
    this.#isSnapshotWanted = true;
    this.#options.wantSnapshot(reason);
  }

  #noteForCheck(): void {
    this.#check.onDiff({
      u: this.#sync.lastId,
      bid: this.#book.bid,
      bidLots: this.#book.bidLots,
      ask: this.#book.ask,
      askLots: this.#book.askLots,
    });
    this.#judgeCheck();
  }

  #onTicker(): void {
    const { lastId, bid, bidLots, ask, askLots } = this.#scanner;
    this.#check.onTicker({ u: lastId, bid, bidLots, ask, askLots });
    this.#judgeCheck();
  }

  #judgeCheck(): void {
    if (this.#check.mismatchesInRow < MISMATCHES_MAX || !this.isLive) return;
    this.resync('best bid and ask differ from the exchange’s own');
  }

  /** The book has become live: the mirror gets all of it, the strategy its first top. */
  #onBegin(): void {
    const { listener } = this.#options;
    if (listener) {
      const exchangeMs = this.#scanner.eventMs as TimeMs;
      listener.begin(exchangeMs);
      this.#book.bids.forEach((price, lots) => {
        listener.level('bid', price as Ticks, lots as Lots);
      });
      this.#book.asks.forEach((price, lots) => {
        listener.level('ask', price as Ticks, lots as Lots);
      });
      listener.applied(exchangeMs);
    }
    this.#publishBook();
  }

  #mirrorDiff(): void {
    const { listener } = this.#options;
    if (!listener) return;
    mirror('bid', this.#scanner.bids, listener);
    mirror('ask', this.#scanner.asks, listener);
    listener.applied(this.#scanner.eventMs as TimeMs);
  }

  /** Publishes the top of a live book, unless it makes no sense. */
  #publishBook(): void {
    if (!this.isLive) return;
    const { condition } = this.#book;
    if (condition !== 'good') {
      this.#badBooks += 1;
      if (this.#badBooks >= BAD_BOOKS_MAX) this.resync(`the book is ${condition}`);
      return;
    }
    this.#badBooks = 0;
    this.#setStatus('book', 'up', 'synchronised');
    this.#books += 1;
    this.#options.publish({
      kind: 'book',
      exchangeMs: this.#scanner.eventMs as TimeMs,
      bid: this.#book.bid,
      bidLots: this.#book.bidLots,
      ask: this.#book.ask,
      askLots: this.#book.askLots,
    });
  }

  #onTrade(): void {
    const scanner = this.#scanner;
    if (isRepeated(scanner.lastId, this.#lastTradeId, REPEATED_TRADES_MAX)) return;
    this.#lastTradeId = scanner.lastId;
    const trade = {
      exchangeMs: scanner.eventMs as TimeMs,
      price: scanner.bid as Ticks,
      lots: scanner.bidLots as Lots,
      isBuyerMaker: scanner.isBuyerMaker,
    };
    this.#options.listener?.trade({ id: scanner.lastId, ...trade });
    this.#options.publish({ kind: 'trade', ...trade });
  }

  #onMarkPrice(raw: Buffer): FrameKind {
    const fact = parseMarkPrice(raw, this.#options.instrument);
    if (!fact) {
      this.#onMalformed('market');
      return 'malformed';
    }
    // A second connection during renewal repeats what the first has said.
    if (isRepeated(fact.exchangeMs, this.#lastMarkMs, REPEATED_MARK_MS_MAX)) return 'markPrice';
    this.#lastMarkMs = fact.exchangeMs;
    this.#setStatus('market', 'up', 'mark price received');
    this.#options.publish(fact);
    return 'markPrice';
  }

  #onContractInfo(raw: Buffer): FrameKind {
    const told = parseContractInfo(raw);
    if (!told) {
      this.#onMalformed('market');
      return 'malformed';
    }
    const { publish, instrument } = this.#options;
    if (told.symbol === instrument.spec.symbol) publish({ kind: 'contractStatus', ...told.status });
    return 'contractInfo';
  }

  /** What a malformed frame held is unknown; on the book's socket it may have been a diff. */
  #onMalformed(socket: 'public' | 'market'): void {
    this.#malformed += 1;
    if (socket === 'public' && this.#sync.state !== 'buffering') this.resync('a malformed frame');
  }

  #setStatus(feed: 'book' | 'market', status: 'up' | 'down', reason: string): void {
    if (this.#published[feed] === status) return;
    this.#published[feed] = status;
    this.#options.publish({ kind: 'feedStatus', feed, status, reason });
  }
}

function isRepeated(value: number, last: number, behindMax: number): boolean {
  return value <= last && last - value <= behindMax;
}

function mirror(side: 'bid' | 'ask', { prices, lots, count }: LevelList, listener: DepthListener) {
  for (let i = 0; i < count; i++) listener.level(side, prices[i] as Ticks, lots[i] as Lots);
}
