/** What happens to frames and connections of the streams. */

import type { StreamSocket } from '../streams/stream-socket.ts';
import type { Faults } from './faults.ts';

/** How long a connection passes nothing before the exchange gives it up. */
const SILENT_MS = 120_000;
/** By then it has read whether the client has left meanwhile. */
const LOOK_MS = 2_000;
const OVERTAKEN_MS: readonly [number, number] = [10, 1_500];

interface Frame {
  readonly text: string;
  readonly delayMs: number;
}

export class StreamFaults {
  readonly #faults: Faults;
  readonly #sockets = new Set<StreamSocket>();
  readonly #silent = new Map<StreamSocket, number>();
  readonly #endListenKey: (isTold: boolean) => boolean;

  /** `endListenKey` ends a client's listen key, telling the stream or not; false where there is none. */
  constructor(faults: Faults, endListenKey: (isTold: boolean) => boolean) {
    this.#faults = faults;
    this.#endListenKey = endListenKey;
  }

  add(socket: StreamSocket): void {
    this.#sockets.add(socket);
    socket.onClose(() => {
      this.#sockets.delete(socket);
      this.#silent.delete(socket);
    });
  }

  /** What becomes of a market frame; null where it is lost. */
  marketFrame(text: string): string | null {
    if (text.includes('"depthUpdate"') && this.#faults.take('depth-gap')) return null;
    return this.#whole(text);
  }

  /** What becomes of a frame of the user stream. */
  userFrame(text: string): readonly Frame[] {
    const { random } = this.#faults;
    const laterMs = () => random.between(...OVERTAKEN_MS);
    if (this.#faults.take('reordered')) return [{ text, delayMs: laterMs() }];
    if (this.#faults.take('duplicated')) {
      return [
        { text, delayMs: 0 },
        { text, delayMs: random.chance(500) ? 0 : laterMs() },
      ];
    }
    return [{ text: this.#whole(text), delayMs: 0 }];
  }

  isUpgradeRefused(): boolean {
    return this.#faults.take('refused-upgrade');
  }

  /** What happens to connections by the clock. */
  tick(nowMs: number): void {
    for (const [socket, sinceMs] of this.#silent) {
      if (nowMs - sinceMs >= SILENT_MS + LOOK_MS) socket.cut();
      else if (nowMs - sinceMs >= SILENT_MS) socket.hear();
    }
    if (this.#sockets.size === 0) return;
    const one = () => this.#any();
    if (this.#faults.waitingMs('disconnect') !== null) {
      const socket = one();
      if (socket && this.#faults.take('disconnect')) socket.cut();
    }
    if (this.#faults.waitingMs('half-open') !== null) {
      const socket = one();
      if (socket && this.#faults.take('half-open')) {
        socket.silence();
        this.#silent.set(socket, nowMs);
      }
    }
    if (this.#faults.take('day-cut')) {
      for (const socket of this.#sockets) {
        if (!this.#silent.has(socket)) socket.close(1001, 'connected for 24 hours');
      }
    }
    for (const kind of ['listen-key-expired', 'listen-key-lost'] as const) {
      if (this.#faults.waitingMs(kind) === null) continue;
      if (this.#endListenKey(kind === 'listen-key-expired')) this.#faults.take(kind);
    }
  }

  /** One of the connections that work. In the order of their keys: they connect in any. */
  #any(): StreamSocket | null {
    const working = [...this.#sockets].filter((socket) => !this.#silent.has(socket));
    working.sort((a, b) => (a.key < b.key ? -1 : 1));
    return working.length === 0
      ? null
      : (working[this.#faults.random.below(working.length)] ?? null);
  }

  #whole(text: string): string {
    return this.#faults.take('malformed-frame') ? text.slice(0, text.length >> 1) : text;
  }
}
