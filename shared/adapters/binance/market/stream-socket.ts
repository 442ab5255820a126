/**
 * One market stream kept open: connects, notices silence, reconnects with backoff, and replaces the
 * connection before the exchange ends it. It hands frames on and understands none of them.
 */
import WebSocket from 'ws';
import type { Clock, TimerHandle } from '../../../ports/clock.ts';
import { Backoff } from './backoff.ts';

export interface StreamSocketOptions {
  /** For messages, e.g. "public". */
  readonly name: string;
  readonly url: string;
  readonly clock: Clock;
  readonly headers: () => Record<string, string>;
  /** A connection without a vital frame for this long is taken for dead, open or not. */
  readonly silenceMs: number;
  /** Age at which a connection is replaced; null for never. */
  readonly renewMs: number | null;
  readonly backoffMs?: { readonly baseMs: number; readonly maxMs: number };
  readonly seed: number;
  /** Handles a frame; true where it is vital, that is proves that the stream is alive. */
  readonly onFrame: (raw: Buffer) => boolean;
  readonly onUp: () => void;
  readonly onDown: (reason: string) => void;
  readonly log: (message: string) => void;
}

/** Time two connections overlap at a renewal, so that the new one surely has what the old one lacks. */
const OVERLAP_MS = 1_000;
const OVERLAP_FRAMES_MAX = 10_000;
/** A connection that has served this long was no failure: the backoff begins anew. */
const SETTLED_MS = 30_000;
const HANDSHAKE_MS = 10_000;
const BACKOFF_MS = { baseMs: 500, maxMs: 30_000 };
const FRAME_BYTES_MAX = 4 * 1024 * 1024;

export class StreamSocket {
  readonly #options: StreamSocketOptions;
  readonly #backoff: Backoff;
  #current: WebSocket | null = null;
  /** The connection that is to replace the current one, and what it has received meanwhile. */
  #next: { readonly socket: WebSocket; readonly frames: Buffer[] } | null = null;
  #isStopped = false;
  #reconnects = 0;
  #openedMs = 0;
  #vitalMs = 0;
  readonly #timers = new Set<TimerHandle>();

  constructor(options: StreamSocketOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ ...(options.backoffMs ?? BACKOFF_MS), seed: options.seed });
  }

  /** Connections lost and made again. */
  get reconnects(): number {
    return this.#reconnects;
  }

  /** Resolves once the first attempt has ended; failed ones are repeated for ever. */
  async start(): Promise<void> {
    await this.#options.clock.busy(this.#connect());
  }

  /** Sends on the current connection; does nothing where there is none. */
  send(text: string): void {
    if (this.#current?.readyState === WebSocket.OPEN) this.#current.send(text);
  }

  stop(): void {
    this.#isStopped = true;
    this.#abandon();
  }

  /** Gives the connection up and makes another, after the backoff. */
  drop(reason: string): void {
    if (this.#isStopped) return;
    const { clock, name, log, onDown } = this.#options;
    this.#abandon();
    const waitMs = this.#backoff.next();
    log(`${name} stream down (${reason}); reconnecting in ${waitMs} ms`);
    onDown(reason);
    this.#reconnects += 1;
    this.#after(waitMs, () => {
      clock.busy(this.#connect()).catch((error: unknown) => log(`${name}: ${String(error)}`));
    });
  }

  /** One attempt. Never rejects: a failure is a drop. */
  async #connect(): Promise<void> {
    const socket = this.#open();
    this.#current = socket;
    const failure = await opened(socket);
    if (this.#isStopped || this.#current !== socket) return;
    if (failure) {
      this.drop(failure);
      return;
    }
    this.#openedMs = this.#options.clock.monotonicMs();
    this.#vitalMs = this.#openedMs;
    this.#watch(this.#options.silenceMs / 2);
    this.#planRenewal();
    this.#options.onUp();
  }

  /** A socket whose frames and end are handed to the clock. Before it is open only `opened` speaks for it. */
  #open(): WebSocket {
    const { clock, url, headers, name, log } = this.#options;
    const socket = new WebSocket(url, {
      headers: headers(),
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: FRAME_BYTES_MAX,
    });
    // What an error means is said by the `close` that follows it.
    socket.on('error', (error) => log(`${name}: ${error.message}`));
    socket.once('open', () => {
      socket.on('message', (data) => {
        const raw = toBuffer(data);
        clock.deliver(() => this.#onFrame(socket, raw));
      });
      // Says nothing that frames do not; a shared clock counts it.
      socket.on('pong', () => clock.deliver(() => undefined));
      socket.on('close', (code) => {
        clock.deliver(() => this.#onClose(socket, `closed with ${code}`));
      });
    });
    return socket;
  }

  #onFrame(socket: WebSocket, raw: Buffer): void {
    if (this.#isStopped) return;
    if (this.#next?.socket === socket) {
      if (this.#next.frames.length === 0) this.#after(OVERLAP_MS, () => this.#replace());
      this.#next.frames.push(raw);
      if (this.#next.frames.length >= OVERLAP_FRAMES_MAX) this.#replace();
      return;
    }
    if (socket !== this.#current) return;
    if (this.#options.onFrame(raw)) this.#noteVital();
  }

  #noteVital(): void {
    this.#vitalMs = this.#options.clock.monotonicMs();
    if (this.#vitalMs - this.#openedMs >= SETTLED_MS) this.#backoff.reset();
  }

  #onClose(socket: WebSocket, reason: string): void {
    if (this.#isStopped) return;
    if (this.#next?.socket === socket) this.#renewLater();
    else if (this.#current !== socket) return;
    else if (this.#next && this.#next.frames.length > 0) this.#replace();
    else this.drop(reason);
  }

  /** Looks for silence when it could have set in; halfway it pings, so that a dead route shows itself. */
  #watch(inMs: number): void {
    this.#after(inMs, () => {
      const { clock, silenceMs } = this.#options;
      const silentMs = clock.monotonicMs() - this.#vitalMs;
      if (silentMs >= silenceMs) {
        this.drop(`silent for ${Math.round(silentMs)} ms`);
      } else if (silentMs >= silenceMs / 2) {
        if (this.#current?.readyState === WebSocket.OPEN) this.#current.ping();
        this.#watch(silenceMs - silentMs);
      } else {
        this.#watch(silenceMs / 2 - silentMs);
      }
    });
  }

  #planRenewal(): void {
    const { renewMs } = this.#options;
    if (renewMs !== null) this.#after(renewMs, () => this.#renew());
  }

  /** Opens the replacement. The old connection serves until the new one has proved itself. */
  #renew(): void {
    if (this.#next || !this.#current) return;
    this.#options.log(`${this.#options.name} stream: renewing the connection`);
    const socket = this.#open();
    this.#next = { socket, frames: [] };
    const { clock, log, name } = this.#options;
    clock
      .busy(opened(socket))
      .then((failure) => {
        if (failure && this.#next?.socket === socket) this.#renewLater();
      })
      .catch((error: unknown) => log(`${name}: ${String(error)}`));
  }

  /** The replacement failed; the old connection still serves, so there is time. */
  #renewLater(): void {
    this.#next = null;
    this.#after(this.#backoff.next(), () => this.#renew());
  }

  /** The new connection takes over with all it has received: repetitions are the reader's to drop. */
  #replace(): void {
    const next = this.#next;
    if (!next || this.#isStopped) return;
    const old = this.#current;
    this.#current = next.socket;
    this.#next = null;
    if (old) discard(old);
    this.#planRenewal();
    for (const raw of next.frames) this.#onFrame(next.socket, raw);
  }

  #after(delayMs: number, action: () => void): void {
    const timer = this.#options.clock.after(delayMs, () => {
      this.#timers.delete(timer);
      if (!this.#isStopped) action();
    });
    this.#timers.add(timer);
  }

  #abandon(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
    if (this.#current) discard(this.#current);
    if (this.#next) discard(this.#next.socket);
    this.#current = null;
    this.#next = null;
  }
}

/** Ends a connection from our side, unheard: a shared clock counts only what the other side did. */
function discard(socket: WebSocket): void {
  socket.removeAllListeners('open');
  socket.removeAllListeners('message');
  socket.removeAllListeners('pong');
  socket.removeAllListeners('close');
  // terminate, not close: a half-open peer would never answer a closing handshake.
  socket.terminate();
}

/** Settles when the connection is open (null) or has failed (the reason). Never rejects. */
function opened(socket: WebSocket): Promise<string | null> {
  return new Promise((resolve) => {
    socket.once('open', () => resolve(null));
    socket.once('error', (error) => resolve(error.message || 'refused'));
    socket.once('close', (code) => resolve(`closed with ${code}`));
  });
}

function toBuffer(data: WebSocket.RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
