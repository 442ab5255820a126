/**
 * The private stream of Binance USD-M, kept open: listen key, its renewal, proof of life, reconnection.
 * The stream is not replayed by the exchange: after every `down`, whoever listens reads the account anew.
 */
import WebSocket from 'ws';
import type { Instrument } from '../../core/instrument.ts';
import { MalformedNumberError } from '../../core/units.ts';
import type { Clock, TimerHandle } from '../../ports/clock.ts';
import { ExchangeError, type UserStreamSink } from '../../ports/exchange.ts';
import { MalformedReplyError } from '../ccxt/wire.ts';
import { Backoff } from './market/backoff.ts';
import type { StopLinks } from './stop-links.ts';
import { type UserFrame, userFrame } from './user-stream-facts.ts';

export const BINANCE_STREAM_URL = 'wss://fstream.binance.com';

export interface BinanceUserStreamOptions {
  readonly wsUrl: string;
  readonly clock: Clock;
  readonly headers?: (() => Readonly<Record<string, string>>) | undefined;
  readonly instrument: Instrument;
  /** Shared with whoever reads orders by request. */
  readonly links: StopLinks;
  readonly sink: UserStreamSink;
  readonly log: (message: string) => void;
  /** Throws ExchangeError. */
  readonly createListenKey: () => Promise<string>;
  /** Throws ExchangeError, with code -1125 where the key is no more. */
  readonly renewListenKey: () => Promise<void>;
}

/** A key lives 60 minutes; half leaves room for failed attempts. */
const KEY_RENEW_MS = 30 * 60_000;
const RETRY_MS = 60_000;
/** The exchange ends a connection at 24 h. */
const SOCKET_RENEW_MS = (24 * 60 - 10) * 60_000;
/** How long the old connection goes on beside its replacement, so that nothing falls between. */
const OVERLAP_MS = 5_000;
const PING_MS = 30_000;
const PONG_MS = 10_000;
const HANDSHAKE_MS = 10_000;
const FRAME_BYTES_MAX = 1024 * 1024;
/** A connection that lasted this long was sound: the next failure starts the backoff afresh. */
const SOUND_MS = 60_000;
const KEY_ABSENT = -1125;

export class BinanceUserStream {
  readonly #options: BinanceUserStreamOptions;
  readonly #backoff = new Backoff({ baseMs: 500, maxMs: 30_000, seed: 1 });
  readonly #timers = new Set<TimerHandle>();
  /** Connections whose frames count: one, two while a replacement takes over. */
  readonly #live = new Set<WebSocket>();
  #current: WebSocket | null = null;
  #listenKey = '';
  #status: 'up' | 'down' | null = null;
  #openedMs = 0;
  #pongDeadline: TimerHandle | null = null;
  /** Changes whenever all connections are given up: work begun before then no longer applies. */
  #era = 0;
  #isStopped = false;
  #malformedFrames = 0;

  constructor(options: BinanceUserStreamOptions) {
    this.#options = options;
  }

  /** Frames that could not be read; each cost a reconnection. */
  get malformedFrames(): number {
    return this.#malformedFrames;
  }

  /**
   * Resolves when the first attempt has ended; later ones go on by themselves. Throws ExchangeError
   * where the exchange refuses the key: no repetition will help.
   */
  async start(): Promise<void> {
    const refusal = await this.#connect();
    if (refusal?.kind !== 'rejected') return;
    this.stop();
    throw refusal;
  }

  stop(): void {
    this.#isStopped = true;
    this.#clear();
  }

  /** One attempt. Returns why no listen key was had, where that was it; every other failure is retried. */
  async #connect(): Promise<ExchangeError | null> {
    try {
      this.#listenKey = await this.#options.createListenKey();
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      this.#drop(`no listen key: ${error.message}`);
      return error;
    }
    if (this.#isStopped) return null;
    const { socket, failure } = await this.#open();
    if (this.#isStopped) this.#abandon(socket);
    else if (failure !== null) this.#drop(failure);
    else this.#rise(socket);
    return null;
  }

  #rise(socket: WebSocket): void {
    this.#current = socket;
    this.#openedMs = this.#options.clock.monotonicMs();
    this.#after(KEY_RENEW_MS, () => this.#background(this.#renewKey()));
    this.#after(SOCKET_RENEW_MS, () => this.#background(this.#replace()));
    this.#after(PING_MS, () => this.#ping());
    this.#report('up', 'connected');
  }

  /** Gives the connection up and makes another after the backoff. */
  #drop(reason: string): void {
    if (this.#isStopped) return;
    const { clock, log } = this.#options;
    if (this.#current && clock.monotonicMs() - this.#openedMs >= SOUND_MS) this.#backoff.reset();
    this.#clear();
    const waitMs = this.#backoff.next();
    log(`user stream down (${reason}); reconnecting in ${waitMs} ms`);
    this.#after(waitMs, () => this.#background(this.#connect()));
    this.#report('down', reason);
  }

  #report(status: 'up' | 'down', reason: string): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#options.sink.onUser({ kind: 'feedStatus', feed: 'user', status, reason });
  }

  async #open(): Promise<{ socket: WebSocket; failure: string | null }> {
    const { clock, wsUrl, headers, log } = this.#options;
    const socket = new WebSocket(`${wsUrl}/private/ws?listenKey=${this.#listenKey}`, {
      headers: { ...headers?.() },
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: FRAME_BYTES_MAX,
    });
    this.#live.add(socket);
    // Counted by the exchange simulator like a frame.
    socket.on('pong', () => clock.deliver(() => this.#onPong(socket)));
    socket.on('message', (data) => {
      const text = String(data);
      clock.deliver(() => this.#onFrame(socket, text));
    });
    // What an error leads to is said by the `close` that follows it.
    socket.on('error', (error) => log(`user stream: ${error.message}`));
    const failure = await clock.busy(opened(socket));
    if (failure !== null) this.#live.delete(socket);
    // A close counts as delivered by the exchange only once there was a connection, and if not ours.
    else if (socket.readyState === WebSocket.OPEN) {
      socket.on('close', (code) => {
        if (this.#live.has(socket)) clock.deliver(() => this.#onClose(socket, code));
      });
    } else {
      clock.deliver(() => this.#onClose(socket, 1006));
    }
    return { socket, failure };
  }

  #onFrame(socket: WebSocket, text: string): void {
    if (!this.#live.has(socket)) return;
    const { instrument, links, sink, log } = this.#options;
    let frame: UserFrame;
    try {
      frame = userFrame(text, instrument, links);
    } catch (error) {
      if (!(error instanceof MalformedReplyError || error instanceof MalformedNumberError)) {
        throw error;
      }
      this.#malformedFrames += 1;
      this.#drop(`malformed frame: ${error.message}`);
      return;
    }
    if (frame.remark !== null) log(frame.remark);
    for (const fact of frame.facts) sink.onUser(fact);
    if (frame.isKeyExpired) this.#drop('listen key expired');
  }

  #onClose(socket: WebSocket, code: number): void {
    this.#live.delete(socket);
    if (socket === this.#current) this.#drop(`closed with ${code}`);
  }

  async #renewKey(): Promise<void> {
    const era = this.#era;
    let nextMs = KEY_RENEW_MS;
    try {
      await this.#options.renewListenKey();
    } catch (error) {
      if (!(error instanceof ExchangeError)) throw error;
      if (era !== this.#era) return;
      if (error.code === KEY_ABSENT) {
        this.#drop('listen key no longer exists');
        return;
      }
      this.#options.log(`listen key not renewed: ${error.message}`);
      nextMs = RETRY_MS;
    }
    if (era === this.#era) this.#after(nextMs, () => this.#background(this.#renewKey()));
  }

  /** Opens the next connection before the exchange ends this one; both count while they overlap. */
  async #replace(): Promise<void> {
    const era = this.#era;
    const old = this.#current;
    const { socket, failure } = await this.#open();
    if (era !== this.#era) {
      this.#abandon(socket);
    } else if (failure !== null) {
      this.#options.log(`user stream not renewed: ${failure}`);
      this.#after(RETRY_MS, () => this.#background(this.#replace()));
    } else {
      this.#current = socket;
      if (old) this.#after(OVERLAP_MS, () => this.#abandon(old));
      this.#after(SOCKET_RENEW_MS, () => this.#background(this.#replace()));
    }
  }

  /** The stream is silent while nothing happens, so only an answer to a ping proves that it is alive. */
  #ping(): void {
    this.#after(PING_MS, () => this.#ping());
    const socket = this.#current;
    if (socket?.readyState !== WebSocket.OPEN) return;
    this.#pongDeadline = this.#after(PONG_MS, () => {
      if (socket === this.#current) this.#drop(`no answer to a ping within ${PONG_MS} ms`);
    });
    socket.ping();
  }

  #onPong(socket: WebSocket): void {
    if (socket !== this.#current || !this.#pongDeadline) return;
    this.#pongDeadline.cancel();
    this.#timers.delete(this.#pongDeadline);
    this.#pongDeadline = null;
  }

  /** Closes a connection ourselves. Its frames are still handed to the clock, which may count on them. */
  #abandon(socket: WebSocket): void {
    this.#live.delete(socket);
    // close, not terminate: what the other side has sent already must still arrive.
    socket.close();
  }

  #clear(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    for (const socket of this.#live) this.#abandon(socket);
    this.#current = null;
    this.#era += 1;
  }

  #after(delayMs: number, action: () => void): TimerHandle {
    const timer = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#isStopped) action();
    });
    this.#timers.add(timer);
    return timer;
  }

  /** Nobody awaits this work: what breaks in it surfaces as an uncaught error, to halt the process. */
  #background(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      queueMicrotask(() => {
        throw error;
      });
    });
  }
}

/** Settles with null when the connection is open, with the reason when it has failed. Never rejects. */
function opened(socket: WebSocket): Promise<string | null> {
  return new Promise((resolve) => {
    socket.once('open', () => resolve(null));
    socket.once('error', (error) => resolve(error.message));
    socket.once('close', (code) => resolve(`closed with ${code}`));
  });
}
