/** Who gets which market stream and which account's events. Formats nothing and keeps no socket open. */

import {
  type PublicEvent,
  type UserEvent,
  type Venue,
  VenueError,
} from '../../../shared/simulation/venue.ts';
import type { ListenKeys } from '../accounts.ts';
import { userEventJson } from '../format/user-event-json.ts';
import { KlinePush } from './kline-push.ts';
import { marketFrame, STREAMS_OF } from './market-frames.ts';
import { isCarriedOn, type MarketStream, parseStream } from './stream-name.ts';
import type { StreamSocket } from './stream-socket.ts';

interface Subscription {
  readonly name: string;
  readonly stream: MarketStream;
  /** By key, so that frames of one instant leave in the same order every time. */
  sockets: StreamSocket[];
  lastMs: number;
}

interface PrivateSubscription {
  readonly socket: StreamSocket;
  readonly listenKey: string;
  /** Event names wanted; null for all. */
  readonly events: ReadonlySet<string> | null;
}

export class StreamHub {
  readonly #venue: Venue;
  readonly #listenKeys: ListenKeys;
  readonly #byName = new Map<string, Subscription>();
  readonly #klines: KlinePush;
  #private: PrivateSubscription[] = [];

  constructor(venue: Venue, listenKeys: ListenKeys) {
    this.#venue = venue;
    this.#listenKeys = listenKeys;
    this.#klines = new KlinePush(venue);
  }

  /** Adds a stream to a socket. A name that gives nothing on its path is accepted and stays silent. */
  subscribe(socket: StreamSocket, name: string): void {
    if (socket.names.has(name) || !socket.isOpen) return;
    socket.names.add(name);
    const stream = parseStream(name, this.#venue.instrument.spec.symbol);
    if (!stream || !isCarriedOn(stream, socket.path)) {
      if (socket.path === 'private') this.subscribePrivate(socket, name, null);
      return;
    }
    let subscription = this.#byName.get(name);
    if (!subscription) {
      subscription = { name, stream, sockets: [], lastMs: 0 };
      this.#byName.set(name, subscription);
    }
    subscription.sockets.push(socket);
    subscription.sockets.sort(byKey);
  }

  subscribePrivate(
    socket: StreamSocket,
    listenKey: string,
    events: ReadonlySet<string> | null,
  ): void {
    socket.names.add(listenKey);
    this.#private.push({ socket, listenKey, events });
    this.#private.sort((a, b) => byKey(a.socket, b.socket));
  }

  unsubscribe(socket: StreamSocket, name: string): void {
    socket.names.delete(name);
    this.#private = this.#private.filter(
      (entry) => entry.socket !== socket || entry.listenKey !== name,
    );
    const subscription = this.#byName.get(name);
    if (!subscription) return;
    subscription.sockets = subscription.sockets.filter((other) => other !== socket);
    if (subscription.sockets.length === 0) this.#byName.delete(name);
  }

  remove(socket: StreamSocket): void {
    for (const name of [...socket.names]) this.unsubscribe(socket, name);
  }

  publish(event: PublicEvent): void {
    const kinds = STREAMS_OF[event.kind];
    for (const subscription of this.#byName.values()) {
      if (!kinds.includes(subscription.stream.kind)) continue;
      if (subscription.stream.kind === 'markPrice') {
        if (event.timeMs - subscription.lastMs < subscription.stream.everyMs) continue;
        subscription.lastMs = event.timeMs;
      }
      const data = orSilent(() => marketFrame(this.#venue, event, subscription.stream));
      if (data !== null) push(subscription, data);
    }
  }

  publishPrivate(accountId: string, event: UserEvent): void {
    const listenKey = this.#listenKeys.keyOf(accountId);
    if (listenKey === null) return;
    this.#sendPrivate(listenKey, userEventJson(this.#venue.instrument, event));
  }

  /** What happens by the clock: running klines, and listen keys whose hour is over. */
  tick(nowMs: number): void {
    for (const listenKey of this.#listenKeys.expire(nowMs)) {
      this.#sendPrivate(listenKey, { e: 'listenKeyExpired', E: nowMs, listenKey });
    }
    for (const subscription of this.#byName.values()) {
      if (subscription.stream.kind !== 'kline') continue;
      for (const data of this.#klines.due(subscription.stream.interval, nowMs)) {
        push(subscription, data);
      }
    }
  }

  #sendPrivate(
    listenKey: string,
    event: { readonly e: string; readonly [field: string]: unknown },
  ): void {
    const data = JSON.stringify(event);
    for (const { socket, listenKey: key, events } of this.#private) {
      if (key !== listenKey || (events && !events.has(event.e))) continue;
      socket.tell(socket.isCombined ? combined(listenKey, data) : data);
    }
  }
}

function push({ name, sockets }: Subscription, data: string): void {
  let wrapped: string | null = null;
  for (const socket of sockets) {
    if (socket.isCombined) wrapped ??= combined(name, data);
    socket.publish(socket.isCombined && wrapped !== null ? wrapped : data);
  }
}

function combined(name: string, data: string): string {
  return `{"stream":${JSON.stringify(name)},"data":${data}}`;
}

/** null where the exchange has nothing to show yet, such as the top of a book not known. */
function orSilent(frame: () => string): string | null {
  try {
    return frame();
  } catch (error) {
    if (error instanceof VenueError) return null;
    throw error;
  }
}

function byKey(a: StreamSocket, b: StreamSocket): number {
  if (a.key === b.key) return 0;
  return a.key < b.key ? -1 : 1;
}
