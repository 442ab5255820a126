/**
 * The messages by which a simulator and its clients share one virtual clock, sent as JSON over the
 * control socket (`/control` on the simulator's port).
 *
 * A client joins and gets its participant number. It names that number in the header
 * `x-plimsoll-participant` of every HTTP request and WebSocket upgrade, and numbers its HTTP requests
 * from 1 in `x-plimsoll-sequence`. The simulator then hands out time: it sends what is to be
 * delivered (frames and closes of one socket, or one HTTP response) and a `grant` with the new time and
 * the number of deliveries made to this client so far. The client holds whatever arrives until the
 * grant that covers it, fires the timers due, handles the deliveries in order of arrival, and answers
 * `idle` once nothing of its own is under way. Time moves only when every participant is idle and
 * every request it counted has arrived.
 */
import type { TimeMs } from '../core/units.ts';

export const CONTROL_PATH = '/control';
export const PARTICIPANT_HEADER = 'x-plimsoll-participant';
export const SEQUENCE_HEADER = 'x-plimsoll-sequence';

export type ToSimulator =
  | { readonly type: 'join'; readonly name: string }
  | {
      readonly type: 'idle';
      /** Deliveries handled so far: equals the last grant's. */
      readonly deliveries: number;
      /** HTTP requests sent so far. */
      readonly requests: number;
      /** When this client's next timer is due; null where it has none. */
      readonly nextTimerMs: TimeMs | null;
    };

export type FromSimulator =
  | {
      readonly type: 'joined';
      readonly participant: number;
      readonly timeMs: TimeMs;
      /** Times real time; null is as fast as it goes. */
      readonly speed: number | null;
    }
  | { readonly type: 'grant'; readonly timeMs: TimeMs; readonly deliveries: number }
  /** The market has ended (a recording is used up); no further time will be granted. */
  | { readonly type: 'ended'; readonly timeMs: TimeMs };
