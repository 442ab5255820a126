/**
 * The clock shared with an exchange simulator: time stands still until the simulator grants more.
 * What arrives over the wire is held until the grant that covers it, so the same run happens every
 * time however fast the machine is. The protocol is described in `shared/ports/barrier.ts`.
 */

import { performance } from 'node:perf_hooks';
import WebSocket from 'ws';
import type { TimeMs } from '../../core/units.ts';
import {
  CONTROL_PATH,
  type FromSimulator,
  PARTICIPANT_HEADER,
  SEQUENCE_HEADER,
  type ToSimulator,
} from '../../ports/barrier.ts';
import type { Clock, TimerHandle } from '../../ports/clock.ts';
import { TimerQueue } from './timer-queue.ts';

/**
 * Turns of the event loop that must pass without any activity before this side calls itself idle.
 * Two, because a promise that crosses a stream settles one turn later.
 */
const QUIET_TURNS = 2;

type Joined = Extract<FromSimulator, { type: 'joined' }>;
type Grant = Extract<FromSimulator, { type: 'grant' }>;

/**
 * Rules for those who use it:
 * - one `deliver` for every message, for every close the other side began, and for every HTTP answer
 *   or failure; none for a close of our own making (take the listener off first);
 * - `busy` for local work only. Never around something that waits for a delivery or a timer: time
 *   would stand still for ever;
 * - a request's promise settles inside its `deliver`.
 */
export class VirtualClock implements Clock {
  /** Our number at the simulator. */
  readonly participant: number;
  /** Times real time; null is as fast as it goes. */
  readonly speed: number | null;
  /** Resolves with the final time when the market has ended: no further timer will fire. */
  readonly ended: Promise<TimeMs>;
  /** Resolves with the reason when the simulator is gone and `close` was not called. */
  readonly lost: Promise<string>;

  readonly #socket: WebSocket;
  readonly #timers = new TimerQueue();
  readonly #grants: Grant[] = [];
  #arrived: (() => void)[] = [];
  #timeMs: TimeMs;
  #deliveries = 0;
  #requests = 0;
  #busy = 0;
  #activity = 0;
  /** Something happened since the last `idle`. */
  #settling = false;
  /** Settling, but until `busy` work ends there is nothing to look for. */
  #resting = false;
  #closed = false;
  /** Set once the simulator is gone: from then on time runs by itself. */
  #adrift: { sinceMs: number; timer: NodeJS.Timeout | null } | null = null;
  #reportEnded: (timeMs: TimeMs) => void;
  #reportLost: (reason: string) => void;

  /**
   * Joins the simulator at `url` (http or ws, any path is replaced). Rejects where nobody answers there.
   * Time stands still from then on until the caller has let the event loop turn with no work under way.
   */
  static join(url: string, name: string): Promise<VirtualClock> {
    const address = new URL(CONTROL_PATH, url.replace(/^http/, 'ws'));
    const socket = new WebSocket(address, { perMessageDeflate: false });
    return new Promise((resolve, reject) => {
      const refuse = (reason: string) => {
        reject(new Error(`no virtual time from the exchange simulator at ${address}: ${reason}`));
      };
      socket.once('error', (error) => refuse(error.message));
      socket.once('close', () => refuse('it closed the connection'));
      socket.once('open', () => send(socket, { type: 'join', name }));
      socket.once('message', (data) => {
        const message = JSON.parse(String(data)) as FromSimulator;
        if (message.type !== 'joined') return refuse(`it answered "${message.type}" to a join`);
        socket.removeAllListeners('error');
        socket.removeAllListeners('close');
        resolve(new VirtualClock(socket, message));
      });
    });
  }

  private constructor(socket: WebSocket, joined: Joined) {
    this.#socket = socket;
    this.participant = joined.participant;
    this.speed = joined.speed;
    this.#timeMs = joined.timeMs;
    const ended = Promise.withResolvers<TimeMs>();
    const lost = Promise.withResolvers<string>();
    this.ended = ended.promise;
    this.lost = lost.promise;
    this.#reportEnded = ended.resolve;
    this.#reportLost = lost.resolve;
    socket.on('message', (data) => this.#receive(JSON.parse(String(data)) as FromSimulator));
    socket.on('error', (error) => this.#drift(error.message));
    socket.on('close', () => this.#drift('the simulator closed the control socket'));
    this.#touch();
  }

  now(): TimeMs {
    if (!this.#adrift) return this.#timeMs;
    return Math.floor(this.#timeMs + performance.now() - this.#adrift.sinceMs) as TimeMs;
  }

  monotonicMs(): number {
    return this.now();
  }

  after(delayMs: number, action: () => void): TimerHandle {
    const dueMs = this.now() + Math.max(0, Math.ceil(delayMs));
    const handle = this.#timers.add(dueMs as TimeMs, action);
    this.#touch();
    return {
      cancel: () => {
        handle.cancel();
        this.#touch();
      },
    };
  }

  busy<T>(work: Promise<T>): Promise<T> {
    this.#busy += 1;
    this.#touch();
    const done = () => {
      this.#busy -= 1;
      this.#touch();
    };
    work.then(done, done);
    return work;
  }

  deliver(action: () => void): void {
    if (this.#adrift) {
      action();
      return;
    }
    this.#arrived.push(action);
    this.#applyGrants();
  }

  requestSent(): number {
    this.#requests += 1;
    this.#touch();
    return this.#requests;
  }

  /** Headers that mark a request or an upgrade as ours; `sequence` is `requestSent()` of an HTTP request. */
  headers(sequence?: number): Record<string, string> {
    const headers: Record<string, string> = { [PARTICIPANT_HEADER]: String(this.participant) };
    if (sequence !== undefined) headers[SEQUENCE_HEADER] = String(sequence);
    return headers;
  }

  /** Leaves: the simulator no longer waits for us. What still arrives runs at once. */
  close(): void {
    this.#closed = true;
    this.#drift('closed');
    this.#socket.close();
  }

  #receive(message: FromSimulator): void {
    if (message.type === 'grant') {
      this.#grants.push(message);
      this.#applyGrants();
    } else if (message.type === 'ended') {
      this.#timeMs = message.timeMs;
      this.#reportEnded(message.timeMs);
      this.#touch();
    }
  }

  /** Takes the next grant if all it covers has arrived and the one before it is settled. */
  #applyGrants(): void {
    const grant = this.#grants[0];
    if (!grant || this.#settling) return;
    const count = grant.deliveries - this.#deliveries;
    if (this.#arrived.length < count) return;
    this.#grants.shift();
    this.#timeMs = grant.timeMs;
    this.#touch();
    this.#timers.fireDue(grant.timeMs);
    const covered = this.#arrived;
    this.#arrived = covered.slice(count);
    for (let i = 0; i < count; i++) {
      this.#deliveries += 1;
      covered[i]?.();
    }
  }

  /** Notes that something happened here and sees to it that `idle` is said once it is over. */
  #touch(): void {
    this.#activity += 1;
    if (this.#adrift) this.#armRealTimer(this.#adrift);
    if (this.#adrift || (this.#settling && !this.#resting)) return;
    this.#settling = true;
    this.#resting = false;
    this.#awaitQuiet(this.#activity, 1);
  }

  #awaitQuiet(seen: number, turn: number): void {
    setImmediate(() => {
      if (this.#adrift) return;
      if (this.#busy > 0) {
        // The end of the work touches us, and the count of quiet turns starts again.
        this.#resting = true;
      } else if (this.#activity !== seen) {
        this.#awaitQuiet(this.#activity, 1);
      } else if (turn < QUIET_TURNS) {
        this.#awaitQuiet(seen, turn + 1);
      } else {
        this.#sayIdle();
      }
    });
  }

  #sayIdle(): void {
    this.#settling = false;
    send(this.#socket, {
      type: 'idle',
      deliveries: this.#deliveries,
      requests: this.#requests,
      nextTimerMs: this.#timers.nextDueMs(),
    });
    this.#applyGrants();
  }

  /** Lets time run by itself, so that shutting down does not wait for timers nobody will grant. */
  #drift(reason: string): void {
    if (this.#adrift) return;
    this.#adrift = { sinceMs: performance.now(), timer: null };
    const held = this.#arrived;
    this.#arrived = [];
    for (const action of held) action();
    this.#armRealTimer(this.#adrift);
    if (!this.#closed) this.#reportLost(reason);
  }

  #armRealTimer(adrift: { timer: NodeJS.Timeout | null }): void {
    if (adrift.timer) clearTimeout(adrift.timer);
    const dueMs = this.#timers.nextDueMs();
    adrift.timer = null;
    if (dueMs === null) return;
    adrift.timer = setTimeout(
      () => {
        this.#timers.fireDue(this.now());
        this.#armRealTimer(adrift);
      },
      Math.max(0, dueMs - this.now()),
    );
  }
}

function send(socket: WebSocket, message: ToSimulator): void {
  socket.send(JSON.stringify(message));
}
