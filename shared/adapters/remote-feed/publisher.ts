/**
 * Publishes market facts to RemoteFeed clients. Each client has a cursor into one bounded ring: a slow
 * one skips books it would be late for, and one that falls off the ring is disconnected. No client can
 * make the publisher wait or grow.
 */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import WebSocket, { WebSocketServer } from 'ws';
import type { InstrumentSpec } from '../../core/instrument.ts';
import type { Clock, TimerHandle } from '../../ports/clock.ts';
import type { MarketDataSink, MarketFact } from '../../ports/market-data-client.ts';
import { FactRing } from './fact-ring.ts';
import { type FromPublisher, HEARTBEAT_MS, PROTOCOL_VERSION, parseFromClient } from './messages.ts';

export interface RemoteFeedPublisherOptions {
  readonly clock: Clock;
  readonly instrument: InstrumentSpec;
  /** Loopback where absent. Any other address needs a token. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly token?: string | undefined;
  readonly log?: (message: string) => void;
  /** Facts kept for resends and slow clients. */
  readonly ringSize?: number;
}

export interface RemoteFeedPublisher extends MarketDataSink {
  /** The port in use. Rejects with Node's error where it cannot listen (code EADDRINUSE). */
  listen(): Promise<number>;
  close(): Promise<void>;
  readonly clients: number;
}

const RING_SIZE = 8_192;
/** Bytes waiting in a client's socket above which nothing more is sent for now. */
const PENDING_BYTES_MAX = 256 * 1024;
/** A client further behind than this gets only the newest book. */
const CONFLATE_BEHIND = 64;
const HELLO_MS = 5_000;
const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);
const CLOSE_REFUSED = 4401;
const CLOSE_TOO_SLOW = 4408;

interface Client {
  readonly socket: WebSocket;
  readonly name: string;
  /** Sequence number of the newest fact sent or skipped. null before its hello. */
  cursor: number | null;
  /** Sequence number of the newest message sent. */
  sent: number;
}

/** Throws TypeError for an address other than loopback without a token. */
export function createRemoteFeedPublisher(
  options: RemoteFeedPublisherOptions,
): RemoteFeedPublisher {
  return new Publisher(options);
}

class Publisher implements RemoteFeedPublisher {
  readonly #options: RemoteFeedPublisherOptions;
  readonly #host: string;
  readonly #session = randomUUID();
  readonly #ring: FactRing;
  readonly #clients = new Set<Client>();
  #server: WebSocketServer | null = null;
  #heartbeat: TimerHandle | null = null;

  constructor(options: RemoteFeedPublisherOptions) {
    this.#options = options;
    this.#host = options.host ?? '127.0.0.1';
    this.#ring = new FactRing(options.ringSize ?? RING_SIZE);
    if (!LOOPBACK.has(this.#host) && !options.token) {
      throw new TypeError(`RemoteFeed on ${this.#host} needs a token: others can reach it`);
    }
  }

  get clients(): number {
    return this.#clients.size;
  }

  async listen(): Promise<number> {
    const server = new WebSocketServer({
      host: this.#host,
      port: this.#options.port,
      perMessageDeflate: false,
      maxPayload: 4_096,
    });
    await once(server, 'listening');
    this.#server = server;
    server.on('error', (error) => this.#log(`RemoteFeed server: ${error.message}`));
    server.on('connection', (socket, request) => {
      this.#welcome(socket, `${request.socket.remoteAddress}:${request.socket.remotePort}`);
    });
    this.#beat();
    return (server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#heartbeat?.cancel();
    for (const { socket } of this.#clients) socket.terminate();
    const server = this.#server;
    this.#server = null;
    if (server) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  onMarket(fact: MarketFact): void {
    this.#ring.push(fact);
    for (const client of this.#clients) this.#pump(client);
  }

  #welcome(socket: WebSocket, name: string): void {
    const client: Client = { socket, name, cursor: null, sent: 0 };
    this.#clients.add(client);
    const impatience = this.#options.clock.after(HELLO_MS, () => {
      if (client.cursor === null) this.#refuse(client, 'no hello came');
    });
    socket.on('message', (data) => {
      const text = String(data);
      this.#options.clock.deliver(() => this.#onMessage(client, text));
    });
    socket.on('error', (error) => this.#log(`RemoteFeed client ${name}: ${error.message}`));
    socket.on('close', () => {
      impatience.cancel();
      this.#clients.delete(client);
    });
  }

  #onMessage(client: Client, text: string): void {
    const message = parseFromClient(text);
    if (!message) return this.#refuse(client, 'not a RemoteFeed message');
    if (message.type === 'resend') {
      if (client.cursor === null) return this.#refuse(client, 'a hello comes first');
      client.cursor = message.after;
      client.sent = message.after;
      if (!this.#ring.reaches(message.after)) this.#sendSnapshot(client);
      this.#pump(client);
      return;
    }
    if (message.version !== PROTOCOL_VERSION) {
      return this.#refuse(client, `this publisher speaks version ${PROTOCOL_VERSION} only`);
    }
    const { token, instrument } = this.#options;
    if (token && !isSameSecret(message.token ?? '', token)) {
      return this.#refuse(client, 'the token is wrong');
    }
    this.#log(`RemoteFeed client ${client.name} connected`);
    send(client, { type: 'hello', version: PROTOCOL_VERSION, session: this.#session, instrument });
    this.#sendSnapshot(client);
    this.#pump(client);
  }

  #refuse(client: Client, reason: string): void {
    this.#log(`RemoteFeed client ${client.name} refused: ${reason}`);
    send(client, { type: 'refused', reason });
    client.socket.close(CLOSE_REFUSED, reason);
    this.#clients.delete(client);
  }

  #sendSnapshot(client: Client): void {
    client.cursor = this.#ring.newest;
    client.sent = this.#ring.newest;
    send(client, { type: 'snapshot', sequence: client.sent, facts: this.#ring.state() });
  }

  /** Sends what the client has not had, as far as its socket takes it. */
  #pump(client: Client): void {
    const { socket } = client;
    if (client.cursor === null || socket.readyState !== WebSocket.OPEN) return;
    if (!this.#ring.reaches(client.cursor)) {
      this.#log(`RemoteFeed client ${client.name} is too slow: disconnected`);
      this.#clients.delete(client);
      socket.close(CLOSE_TOO_SLOW, 'too slow');
      return;
    }
    while (client.cursor < this.#ring.newest && socket.bufferedAmount < PENDING_BYTES_MAX) {
      const isLate = this.#ring.newest - client.cursor > CONFLATE_BEHIND;
      client.cursor += 1;
      const sequence = client.cursor;
      const fact = this.#ring.get(sequence);
      if (!fact) return;
      if (isLate && fact.kind === 'book' && sequence < this.#ring.newestBook) continue;
      const previous = client.sent;
      client.sent = sequence;
      send(client, { type: 'fact', sequence, previous, fact }, () => {
        if (client.cursor !== this.#ring.newest) this.#pump(client);
      });
    }
  }

  #beat(): void {
    this.#heartbeat = this.#options.clock.after(HEARTBEAT_MS, () => {
      const timeMs = this.#options.clock.now();
      for (const client of this.#clients) {
        // One that takes no data needs no more of it; its own watchdog will judge us.
        if (client.cursor === null || client.socket.bufferedAmount >= PENDING_BYTES_MAX) continue;
        send(client, { type: 'heartbeat', sequence: client.sent, timeMs });
      }
      this.#beat();
    });
  }

  #log(message: string): void {
    this.#options.log?.(message);
  }
}

function send({ socket }: Client, message: FromPublisher, then?: () => void): void {
  socket.send(JSON.stringify(message), (error) => {
    // A failed send is followed by the socket's own close, which is where it is dealt with.
    if (!error) then?.();
  });
}

function isSameSecret(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
