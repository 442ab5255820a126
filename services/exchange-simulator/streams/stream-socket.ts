/** One client's WebSocket: what it subscribed to, its limits, and the frames on their way to it. */

import type { WebSocket } from 'ws';
import type { Caller, Wire } from '../time/wire.ts';
import type { StreamPath } from './stream-name.ts';

/** Binance disconnects a client that sends more. */
const MESSAGES_PER_SECOND_MAX = 10;
/** A client that reads so slowly that this much waits in our memory is dropped. */
const BUFFERED_BYTES_MAX = 8 * 1024 * 1024;
/** Three pings, three minutes apart, without an answer. */
const UNANSWERED_PINGS_MAX = 3;

/** What may go wrong with frames on their way. */
export interface FrameFaults {
  /** What becomes of a market frame; null where it is lost. */
  marketFrame(text: string): string | null;
  /** What becomes of a frame of the user stream, and how much later than now it leaves. */
  userFrame(text: string): readonly { readonly text: string; readonly delayMs: number }[];
}

export class StreamSocket {
  readonly caller: Caller;
  readonly path: StreamPath;
  /** Frames are wrapped in `{"stream":…,"data":…}`. */
  readonly isCombined: boolean;
  /** Orders sockets of one instant; does not depend on when they happened to connect. */
  readonly key: string;
  readonly openedMs: number;
  readonly names = new Set<string>();
  readonly #wire: Wire;
  readonly #socket: WebSocket;
  readonly #messagesMax: number;
  readonly #faults: FrameFaults | null;
  readonly #batches = new Map<number, string[]>();
  #messages = 0;
  #second = -1;
  #inSecond = 0;
  #unanswered = 0;
  /** Nothing passes either way, and nobody is told. */
  #isSilent = false;

  constructor(
    socket: WebSocket,
    wire: Wire,
    about: {
      caller: Caller;
      path: StreamPath;
      isCombined: boolean;
      key: string;
      messagesPerSecondMax?: number;
      faults?: FrameFaults | null;
    },
  ) {
    this.#socket = socket;
    this.#wire = wire;
    this.caller = about.caller;
    this.path = about.path;
    this.isCombined = about.isCombined;
    this.key = about.key;
    this.openedMs = wire.nowMs;
    this.#faults = about.faults ?? null;
    this.#messagesMax = about.messagesPerSecondMax ?? MESSAGES_PER_SECOND_MAX;
    socket.on('pong', () => {
      this.#unanswered = 0;
    });
    socket.on('error', () => socket.terminate());
    socket.on('ping', (data) => this.#pong(data));
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  /** Calls `handle` for each message, within the limit, when the exchange gets to see it. */
  onMessage(handle: (text: string) => void): void {
    this.#socket.on('message', (data) => {
      this.#messages += 1;
      const order = { socket: this.key, sequence: this.#messages };
      this.#wire.arrive(this.caller, order, () => {
        if (!this.isOpen) return;
        if (this.#isWithinLimit()) handle(String(data));
        else this.close(1008, 'too many messages');
      });
    });
  }

  onClose(handle: () => void): void {
    this.#socket.on('close', handle);
  }

  /** Sends a frame of the market: it left the exchange with its own latency already in its time. */
  publish(text: string): void {
    const carried = this.#faults ? this.#faults.marketFrame(text) : text;
    if (carried !== null) this.#frame(carried, this.#wire.nowMs);
  }

  /** Sends a private event. */
  tell(text: string): void {
    if (!this.#faults) return this.answer(text);
    for (const frame of this.#faults.userFrame(text)) {
      this.#frame(frame.text, this.#wire.answerMs(this.caller) + frame.delayMs);
    }
  }

  /** Sends an answer. `sent` runs when it leaves. */
  answer(text: string, sent?: () => void): void {
    this.#frame(text, this.#wire.answerMs(this.caller));
    if (!sent) return;
    // Nothing is emitted, so it is not a delivery; it happens right after the frame.
    this.#wire.send(this.caller, this.#wire.answerMs(this.caller), () => {
      sent();
      return 0;
    });
  }

  close(code: number, reason: string): void {
    this.#wire.send(this.caller, this.#wire.nowMs, () => {
      if (!this.isOpen || this.#isSilent) return 0;
      this.#socket.close(code, reason);
      return 1;
    });
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /** Breaks the connection without a closing handshake. */
  cut(): void {
    this.#wire.send(this.caller, this.#wire.nowMs, () => {
      if (!this.isOpen) return 0;
      this.#socket.terminate();
      return 1;
    });
  }

  /** The connection stays and nothing passes any more, not even a pong. */
  silence(): void {
    this.#isSilent = true;
    this.#socket.pause();
  }

  /** Reads again, to learn whether the client has left; still says nothing. */
  hear(): void {
    this.#socket.resume();
  }

  ping(): void {
    if (this.#isSilent) return;
    this.#unanswered += 1;
    if (this.#unanswered > UNANSWERED_PINGS_MAX) this.#socket.terminate();
    else if (this.isOpen) this.#socket.ping();
  }

  /** A pong is a delivery like any other: time shared with a client must not run while it is awaited. */
  #pong(data: Buffer): void {
    this.#messages += 1;
    const order = { socket: this.key, sequence: this.#messages };
    this.#wire.arrive(this.caller, order, () => {
      this.#wire.send(this.caller, this.#wire.answerMs(this.caller), () => {
        if (!this.isOpen || this.#isSilent) return 0;
        this.#socket.pong(data);
        return 1;
      });
    });
  }

  /** All frames of one instant are one delivery. */
  #frame(text: string, timeMs: number): void {
    const open = this.#batches.get(timeMs);
    if (open) {
      open.push(text);
      return;
    }
    const batch = [text];
    this.#batches.set(timeMs, batch);
    this.#wire.send(this.caller, timeMs, () => {
      this.#batches.delete(timeMs);
      return this.#write(batch);
    });
  }

  #write(batch: readonly string[]): number {
    if (!this.isOpen || this.#isSilent) return 0;
    for (const text of batch) this.#socket.send(text);
    if (this.#socket.bufferedAmount > BUFFERED_BYTES_MAX) this.#socket.terminate();
    return batch.length;
  }

  #isWithinLimit(): boolean {
    const second = Math.floor(this.#wire.nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#inSecond = 0;
    }
    this.#inSecond += 1;
    return this.#inSecond <= this.#messagesMax;
  }
}
