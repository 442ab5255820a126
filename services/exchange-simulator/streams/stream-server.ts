/** Accepts stream sockets on Binance's split paths and obeys their control messages. */

import type { WebSocket } from 'ws';
import type { StreamFaults } from '../faults/stream-faults.ts';
import type { Caller, Wire } from '../time/wire.ts';
import type { SocketApi } from './socket-api.ts';
import type { StreamHub } from './stream-hub.ts';
import type { StreamPath } from './stream-name.ts';
import { StreamSocket } from './stream-socket.ts';

const LIFE_MS = 24 * 3_600_000;
const PING_MS = 180_000;
const STREAMS_PER_SOCKET_MAX = 1_024;
/** `/ws`, `/stream` or one of the three paths before them; the rest are raw stream names. */
const PATH = /^\/(?:(public|market|private)\/)?(ws|stream)(?:\/(.*))?$/;

interface Control {
  readonly id: string | number | null;
  readonly method: string;
  readonly params: readonly string[];
}

export class StreamServer {
  readonly #hub: StreamHub;
  readonly #api: SocketApi;
  readonly #wire: Wire;
  readonly #faults: StreamFaults | null;
  readonly #sockets = new Set<StreamSocket>();
  /** How often a participant has opened an address. */
  readonly #openings = new Map<string, number>();
  #pingedMs = 0;

  constructor(hub: StreamHub, api: SocketApi, wire: Wire, faults: StreamFaults | null) {
    this.#faults = faults;
    this.#hub = hub;
    this.#api = api;
    this.#wire = wire;
  }

  static serves(path: string): boolean {
    return PATH.test(path);
  }

  /** Takes over a socket of the WebSocket API, which lives by the same rules. */
  acceptApi(socket: WebSocket, caller: Caller, url: URL): void {
    this.#keep(this.#api.open(socket, caller, this.#key(caller, url)));
  }

  accept(socket: WebSocket, caller: Caller, url: URL): void {
    const [, path = 'root', mode, rest = ''] = PATH.exec(url.pathname) ?? [];
    const stream = new StreamSocket(socket, this.#wire, {
      caller,
      path: path as StreamPath,
      isCombined: mode === 'stream',
      key: this.#key(caller, url),
      faults: this.#faults,
    });
    this.#keep(stream);
    this.#faults?.add(stream);
    stream.onMessage((text) => this.#obey(stream, text));
    const names = mode === 'stream' ? (url.searchParams.get('streams') ?? '') : rest;
    for (const name of names.split('/')) {
      // ccxt numbers its sockets: `/ws/7` is no stream.
      if (name !== '' && !/^\d+$/.test(name)) this.#hub.subscribe(stream, name);
    }
    if (path === 'private') this.#openPrivate(stream, url.searchParams);
  }

  /** Pings every three minutes and closes sockets after a day. */
  tick(nowMs: number): void {
    const isPingDue = nowMs - this.#pingedMs >= PING_MS;
    if (isPingDue) this.#pingedMs = nowMs;
    for (const socket of this.#sockets) {
      if (nowMs - socket.openedMs >= LIFE_MS) socket.close(1001, 'connected for 24 hours');
      else if (isPingDue) socket.ping();
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.terminate();
  }

  #keep(socket: StreamSocket): void {
    this.#sockets.add(socket);
    socket.onClose(() => {
      this.#sockets.delete(socket);
      this.#hub.remove(socket);
    });
  }

  /** `listenKey=K&events=A/B`, repeatable: each `events` belongs to the key before it. */
  #openPrivate(socket: StreamSocket, query: URLSearchParams): void {
    const entries = [...query];
    entries.forEach(([name, listenKey], index) => {
      if (name !== 'listenKey' || listenKey === '') return;
      const [nextName, nextValue] = entries[index + 1] ?? [];
      const events = nextName === 'events' && nextValue ? new Set(nextValue.split('/')) : null;
      this.#hub.subscribePrivate(socket, listenKey, events);
    });
  }

  #obey(socket: StreamSocket, text: string): void {
    const control = parseControl(text);
    if (typeof control === 'string') {
      socket.answer(JSON.stringify({ error: { code: 2, msg: `Invalid request: ${control}` } }));
      return;
    }
    const { id, method, params } = control;
    const done = (result: unknown, then?: () => void) => {
      socket.answer(JSON.stringify({ result, id }), then);
    };
    if (method === 'SUBSCRIBE') {
      if (socket.names.size + params.length > STREAMS_PER_SOCKET_MAX) {
        socket.answer(
          JSON.stringify({ error: { code: 2, msg: 'Invalid request: too many streams' }, id }),
        );
        return;
      }
      // From the answer on: clients drop what arrives before it.
      done(null, () => {
        for (const name of params) this.#hub.subscribe(socket, name);
      });
    } else if (method === 'UNSUBSCRIBE') {
      for (const name of params) this.#hub.unsubscribe(socket, name);
      done(null);
    } else if (method === 'LIST_SUBSCRIPTIONS') {
      done([...socket.names]);
    } else if (method === 'GET_PROPERTY') {
      done(socket.isCombined);
    } else {
      const msg = `Invalid request: unknown method ${JSON.stringify(method)}`;
      socket.answer(JSON.stringify({ error: { code: 2, msg }, id }));
    }
  }

  #key({ participant }: Caller, url: URL): string {
    const address = `${String(participant ?? 0).padStart(6, '0')} ${url.pathname}${url.search}`;
    const opening = (this.#openings.get(address) ?? 0) + 1;
    if (participant !== null) this.#openings.set(address, opening);
    return `${address} ${String(opening).padStart(6, '0')}`;
  }
}

/** The message, or what is wrong with it. Ids keep their JSON type. */
function parseControl(text: string): Control | string {
  let message: Partial<Record<keyof Control, unknown>> | null;
  try {
    message = JSON.parse(text) as typeof message;
  } catch (error) {
    if (error instanceof SyntaxError) return 'not JSON';
    throw error;
  }
  if (typeof message !== 'object' || message === null) return 'not an object';
  const { id = null, method, params = [] } = message;
  if (typeof method !== 'string') return 'method must be a string';
  if (id !== null && typeof id !== 'string' && typeof id !== 'number') {
    return 'id must be a string or a number';
  }
  if (!Array.isArray(params) || params.some((name) => typeof name !== 'string')) {
    return 'params must be a list of strings';
  }
  return { id, method, params: params as string[] };
}
