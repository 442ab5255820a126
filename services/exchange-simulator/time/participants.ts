/**
 * The simulator's end of the shared clock (`shared/ports/barrier.ts`): who takes part, who is idle,
 * and which of their requests have arrived. It moves no time itself.
 */

import type { WebSocket } from 'ws';
import type { TimeMs } from '../../../shared/core/units.ts';
import type { FromSimulator, ToSimulator } from '../../../shared/ports/barrier.ts';

interface Participant {
  readonly number: number;
  readonly socket: WebSocket;
  /** Deliveries made to it so far. */
  deliveries: number;
  /** HTTP requests it says it has sent, and those that have arrived here. */
  requestsSent: number;
  requestsArrived: number;
  isIdle: boolean;
  nextTimerMs: TimeMs | null;
}

/**
 * Where a request stands among all that wait for the same instant: by participant, HTTP requests by
 * their number, then socket messages by socket and number. Never by when they happened to arrive.
 */
export interface ArrivalOrder {
  readonly participant: number;
  /** "" for an HTTP request; sorts first. */
  readonly socket: string;
  readonly sequence: number;
}

interface Arrival extends ArrivalOrder {
  readonly run: () => void;
}

/** Larger than any message of the protocol. */
export const CONTROL_BYTES_MAX = 4_096;

export class Participants {
  readonly #byNumber = new Map<number, Participant>();
  readonly #speed: number | null;
  readonly #nowMs: () => TimeMs;
  readonly #changed: () => void;
  #arrivals: Arrival[] = [];
  #joined = 0;

  /** `changed` is called when time may be able to move. */
  constructor(options: { speed: number | null; nowMs: () => TimeMs; changed: () => void }) {
    this.#speed = options.speed;
    this.#nowMs = options.nowMs;
    this.#changed = options.changed;
  }

  get count(): number {
    return this.#byNumber.size;
  }

  get hasEverJoined(): boolean {
    return this.#joined > 0;
  }

  has(participant: number): boolean {
    return this.#byNumber.has(participant);
  }

  /** Takes over a control socket. A message that is not of the protocol closes it. */
  accept(socket: WebSocket): void {
    let participant: Participant | null = null;
    socket.on('message', (data) => {
      const message = parse(String(data));
      if (message?.type === 'join' && !participant) {
        participant = this.#join(socket);
      } else if (message?.type === 'idle' && participant) {
        this.#idle(participant, message);
      } else {
        socket.close(1002, 'not a message of the clock protocol');
      }
    });
    socket.on('close', () => {
      // A client that was killed must not hold time for the others.
      if (participant) this.#byNumber.delete(participant.number);
      this.#changed();
    });
    socket.on('error', () => socket.terminate());
  }

  /** Notes a request that is to happen once everybody is idle. */
  arrived(order: ArrivalOrder, run: () => void): void {
    const participant = this.#byNumber.get(order.participant);
    if (participant && order.socket === '') participant.requestsArrived += 1;
    this.#arrivals.push({ ...order, run });
    this.#changed();
  }

  /** Whether nobody has anything under way, so that time may move. */
  areQuiet(): boolean {
    for (const participant of this.#byNumber.values()) {
      if (!participant.isIdle || participant.requestsArrived < participant.requestsSent) {
        return false;
      }
    }
    return true;
  }

  /** What has arrived since the last call, in an order that is the same every time. */
  takeArrivals(): readonly Arrival[] {
    const arrivals = this.#arrivals;
    if (arrivals.length === 0) return arrivals;
    this.#arrivals = [];
    return arrivals.sort(byOrder);
  }

  /** The earliest timer anybody waits for; the lowest number's where several are due. */
  nextTimer(): { participant: number; timeMs: TimeMs } | null {
    let next: { participant: number; timeMs: TimeMs } | null = null;
    for (const { number, nextTimerMs } of this.#byNumber.values()) {
      if (nextTimerMs !== null && (!next || nextTimerMs < next.timeMs)) {
        next = { participant: number, timeMs: nextTimerMs };
      }
    }
    return next;
  }

  /** Hands out `timeMs` together with `deliveries` things just sent. */
  grant(number: number, timeMs: TimeMs, deliveries: number): void {
    const participant = this.#byNumber.get(number);
    if (!participant) return;
    participant.deliveries += deliveries;
    participant.isIdle = false;
    participant.nextTimerMs = null;
    send(participant.socket, { type: 'grant', timeMs, deliveries: participant.deliveries });
  }

  /** Says that the market has ended. */
  end(timeMs: TimeMs): void {
    for (const { socket } of this.#byNumber.values()) send(socket, { type: 'ended', timeMs });
  }

  close(): void {
    for (const { socket } of this.#byNumber.values()) socket.terminate();
  }

  #join(socket: WebSocket): Participant {
    this.#joined += 1;
    const participant: Participant = {
      number: this.#joined,
      socket,
      deliveries: 0,
      requestsSent: 0,
      requestsArrived: 0,
      isIdle: false,
      nextTimerMs: null,
    };
    this.#byNumber.set(participant.number, participant);
    send(socket, {
      type: 'joined',
      participant: participant.number,
      timeMs: this.#nowMs(),
      speed: this.#speed,
    });
    return participant;
  }

  #idle(participant: Participant, message: Extract<ToSimulator, { type: 'idle' }>): void {
    participant.requestsSent = message.requests;
    participant.nextTimerMs = message.nextTimerMs;
    participant.isIdle = message.deliveries === participant.deliveries;
    this.#changed();
  }
}

function byOrder(a: ArrivalOrder, b: ArrivalOrder): number {
  if (a.participant !== b.participant) return a.participant - b.participant;
  if (a.socket !== b.socket) return a.socket < b.socket ? -1 : 1;
  return a.sequence - b.sequence;
}

function send(socket: WebSocket, message: FromSimulator): void {
  socket.send(JSON.stringify(message));
}

/** null for anything but a well-formed message. */
function parse(text: string): ToSimulator | null {
  try {
    const message = JSON.parse(text) as ToSimulator | null;
    if (message?.type === 'join') return message;
    if (message?.type !== 'idle') return null;
    const { deliveries, requests, nextTimerMs } = message;
    const isNumeric = Number.isSafeInteger(deliveries) && Number.isSafeInteger(requests);
    return isNumeric && (nextTimerMs === null || Number.isFinite(nextTimerMs)) ? message : null;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
