/**
 * Market data from a RemoteFeed publisher. It trusts sequence numbers and heartbeats only: what does not
 * chain is not published, and silence or a lost connection is told as `down` at once.
 */
import type { InstrumentSpec } from '../../core/instrument.ts';
import type { Clock } from '../../ports/clock.ts';
import type {
  MarketDataClient,
  MarketDataSink,
  MarketDataStats,
  MarketFact,
} from '../../ports/market-data-client.ts';
import { StreamSocket } from '../binance/market/stream-socket.ts';
import {
  type FromClient,
  type FromPublisher,
  PROTOCOL_VERSION,
  parseFromPublisher,
  SILENCE_MS,
} from './messages.ts';

export interface RemoteFeedClientOptions {
  /** E.g. "ws://127.0.0.1:8787". */
  readonly url: string;
  readonly clock: Clock;
  /** What is traded here: a publisher of anything else is refused. */
  readonly instrument: InstrumentSpec;
  readonly token?: string | undefined;
  readonly headers?: (sequence?: number) => Record<string, string>;
  readonly log?: (message: string) => void;
  readonly seed?: number;
}

/** A resend that has not come by then is not coming. */
const REPAIR_MS = 1_000;
const BACKOFF_MS = { baseMs: 250, maxMs: 5_000 };

export function createRemoteFeedClient(options: RemoteFeedClientOptions): MarketDataClient {
  return new RemoteFeedClient(options);
}

class RemoteFeedClient implements MarketDataClient {
  readonly #options: RemoteFeedClientOptions;
  readonly #socket: StreamSocket;
  readonly #published = { book: 'down', market: 'down' };
  #sink: MarketDataSink | null = null;
  #isGreeted = false;
  /** Sequence number of the newest message of this connection; null before its snapshot. */
  #sequence: number | null = null;
  /** Since when facts are missing and asked for; null where none are. */
  #gapSinceMs: number | null = null;
  #frames = 0;
  #books = 0;
  #resyncs = 0;
  #malformed = 0;

  constructor(options: RemoteFeedClientOptions) {
    this.#options = options;
    this.#socket = new StreamSocket({
      name: 'remote feed',
      url: new URL(options.url).href,
      clock: options.clock,
      headers: () => options.headers?.() ?? {},
      silenceMs: SILENCE_MS,
      renewMs: null,
      backoffMs: BACKOFF_MS,
      seed: options.seed ?? 1,
      onFrame: (raw) => this.#onText(raw.toString('utf8')),
      onUp: () =>
        this.#send({
          type: 'hello',
          version: PROTOCOL_VERSION,
          token: options.token ?? null,
        }),
      onDown: (reason) => this.#onDown(reason),
      log: options.log ?? (() => undefined),
    });
  }

  async start(sink: MarketDataSink): Promise<void> {
    this.#sink = sink;
    await this.#socket.start();
  }

  async stop(): Promise<void> {
    this.#sink = null;
    this.#socket.stop();
  }

  stats(): MarketDataStats {
    return {
      frames: this.#frames,
      books: this.#books,
      bookMismatches: 0,
      bookChecks: 0,
      resyncs: this.#resyncs,
      reconnects: this.#socket.reconnects,
      malformed: this.#malformed,
    };
  }

  /** True: every message of the publisher proves that it lives. */
  #onText(text: string): boolean {
    this.#frames += 1;
    const message = parseFromPublisher(text);
    if (!message) {
      this.#malformed += 1;
      // What it held is unknown; if it was a fact, the next one will not chain.
      return true;
    }
    this.#onMessage(message);
    return true;
  }

  #onMessage(message: FromPublisher): void {
    switch (message.type) {
      case 'hello':
        this.#onHello(message);
        return;
      case 'snapshot':
        this.#onSnapshot(message);
        return;
      case 'fact':
        if (this.#sequence === null || message.sequence <= this.#sequence) return;
        if (message.previous !== this.#sequence) return this.#onGap();
        this.#sequence = message.sequence;
        this.#gapSinceMs = null;
        this.#publish(message.fact);
        return;
      case 'heartbeat':
        if (this.#sequence !== null && message.sequence > this.#sequence) this.#onGap();
        return;
      case 'refused':
        this.#socket.drop(`refused by the publisher: ${message.reason}`);
        return;
    }
  }

  #onHello({ version, instrument }: Extract<FromPublisher, { type: 'hello' }>): void {
    const ours = this.#options.instrument;
    if (version !== PROTOCOL_VERSION) {
      this.#socket.drop(`the publisher speaks version ${version}, not ${PROTOCOL_VERSION}`);
    } else if (
      instrument.symbol !== ours.symbol ||
      instrument.tickSize !== ours.tickSize ||
      instrument.lotSize !== ours.lotSize
    ) {
      const { symbol, tickSize, lotSize } = instrument;
      this.#socket.drop(`the publisher has ${symbol} in steps of ${tickSize} and ${lotSize}`);
    } else {
      this.#isGreeted = true;
    }
  }

  #onSnapshot({ sequence, facts }: Extract<FromPublisher, { type: 'snapshot' }>): void {
    if (!this.#isGreeted) return;
    if (this.#sequence !== null) this.#resyncs += 1;
    this.#sequence = sequence;
    this.#gapSinceMs = null;
    for (const fact of facts) this.#publish(fact);
  }

  /** Facts are missing. Nothing is published until they, or a snapshot, have come. */
  #onGap(): void {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#gapSinceMs === null) {
      this.#gapSinceMs = nowMs;
      this.#resyncs += 1;
      this.#send({ type: 'resend', after: this.#sequence ?? 0 });
    } else if (nowMs - this.#gapSinceMs > REPAIR_MS) {
      this.#socket.drop('missing facts were not sent again');
    }
  }

  #onDown(reason: string): void {
    this.#isGreeted = false;
    this.#sequence = null;
    this.#gapSinceMs = null;
    for (const feed of ['book', 'market'] as const) {
      this.#publish({ kind: 'feedStatus', feed, status: 'down', reason: `remote feed: ${reason}` });
    }
  }

  #publish(fact: MarketFact): void {
    if (fact.kind === 'feedStatus') {
      if (fact.feed === 'user' || this.#published[fact.feed] === fact.status) return;
      this.#published[fact.feed] = fact.status;
    }
    if (fact.kind === 'book') {
      if (this.#published.book !== 'up') return;
      this.#books += 1;
    }
    this.#sink?.onMarket(fact);
  }

  #send(message: FromClient): void {
    this.#socket.send(JSON.stringify(message));
  }
}
