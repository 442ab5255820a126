// Goal: a trader behind a RemoteFeed never takes a stale book for a fresh one. Method: publisher and
// client over loopback, each on a clock the test moves; a scripted peer where one side must misbehave.

import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { createRemoteFeedClient } from '../../shared/adapters/remote-feed/client.ts';
import type { FromPublisher } from '../../shared/adapters/remote-feed/messages.ts';
import {
  createRemoteFeedPublisher,
  type RemoteFeedPublisher,
} from '../../shared/adapters/remote-feed/publisher.ts';
import type { Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import type { MarketDataClient, MarketFact } from '../../shared/ports/market-data-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { FactList, SPEC } from './support/frames.ts';
import { settle, until } from './support/until.ts';

const BOOK_UP: MarketFact = { kind: 'feedStatus', feed: 'book', status: 'up', reason: 'test' };
const BOOK_DOWN: MarketFact = { ...BOOK_UP, status: 'down' };

function book(bid: number): MarketFact {
  return {
    kind: 'book',
    exchangeMs: 1 as TimeMs,
    bid: bid as Ticks,
    bidLots: 1 as Lots,
    ask: (bid + 1) as Ticks,
    askLots: 1 as Lots,
  };
}

let clock: ManualClock;
let publisher: RemoteFeedPublisher;
let port: number;
const clients: MarketDataClient[] = [];
const closing: (() => void)[] = [];

beforeEach(async () => {
  clock = new ManualClock();
  publisher = createRemoteFeedPublisher({ clock, instrument: SPEC, port: 0, ringSize: 16 });
  port = await publisher.listen();
});

afterEach(async () => {
  for (const client of clients.splice(0)) await client.stop();
  for (const close of closing.splice(0)) close();
  await publisher.close();
});

async function connect(
  options: { clock?: ManualClock; port?: number; token?: string; symbol?: string } = {},
): Promise<{ sink: FactList; client: MarketDataClient }> {
  const sink = new FactList();
  const client = createRemoteFeedClient({
    url: `ws://127.0.0.1:${options.port ?? port}`,
    clock: options.clock ?? clock,
    instrument: { ...SPEC, symbol: options.symbol ?? SPEC.symbol },
    token: options.token,
  });
  clients.push(client);
  await client.start(sink);
  return { sink, client };
}

describe('RemoteFeed', () => {
  it('gives the latest state on connecting, then every fact in order', async () => {
    for (const fact of [BOOK_UP, book(10), book(11)]) publisher.onMarket(fact);
    const { sink } = await connect();
    await until(() => sink.facts.length === 2);
    publisher.onMarket(book(12));
    publisher.onMarket(book(13));
    await until(() => sink.facts.length === 4);
    expect(sink.statuses).toEqual(['book up']);
    expect(sink.of('book').map(({ bid }) => bid)).toEqual([11, 12, 13]);
  });

  it('gives no book on connecting while the book is down', async () => {
    for (const fact of [BOOK_UP, book(10), BOOK_DOWN]) publisher.onMarket(fact);
    const { sink, client } = await connect();
    await until(() => client.stats().frames === 2);
    expect(sink.facts).toEqual([]);
  });

  it('says down at once when the publisher dies, and up again after its restart', async () => {
    publisher.onMarket(BOOK_UP);
    publisher.onMarket(book(10));
    const { sink } = await connect();
    await until(() => sink.facts.length === 2);
    await publisher.close();
    await until(() => sink.statuses.at(-1) === 'book down');
    publisher = createRemoteFeedPublisher({ clock, instrument: SPEC, port });
    await publisher.listen();
    publisher.onMarket(BOOK_UP);
    publisher.onMarket(book(20));
    while (sink.of('book').length < 2) {
      clock.advance(250);
      await settle(10);
    }
    expect(sink.statuses).toEqual(['book up', 'book down', 'book up']);
    expect(sink.of('book').at(-1)?.bid).toBe(20);
  });

  it('says down after 2.5 s without a heartbeat, though the connection is open', async () => {
    const silent = new ManualClock();
    publisher.onMarket(BOOK_UP);
    publisher.onMarket(book(10));
    const { sink } = await connect({ clock: silent });
    await until(() => sink.facts.length === 2);
    silent.advance(2_400);
    expect(sink.statuses).toEqual(['book up']);
    silent.advance(100);
    expect(sink.statuses).toEqual(['book up', 'book down']);
  });

  it('is kept alive by heartbeats alone', async () => {
    publisher.onMarket(BOOK_UP);
    const { sink, client } = await connect();
    await until(() => sink.facts.length === 1);
    for (let i = 0; i < 10; i++) {
      const { frames } = client.stats();
      clock.advance(1_000);
      await until(() => client.stats().frames > frames);
    }
    expect(sink.statuses).toEqual(['book up']);
    expect(client.stats().reconnects).toBe(0);
  });

  it('refuses a wrong token, and a publisher of another contract', async () => {
    await publisher.close();
    publisher = createRemoteFeedPublisher({ clock, instrument: SPEC, port, token: 'secret' });
    await publisher.listen();
    publisher.onMarket(BOOK_UP);
    const wrong = await connect({ token: 'guess' });
    await until(() => wrong.client.stats().reconnects === 1);
    const other = await connect({ token: 'secret', symbol: 'ETHUSDT' });
    await until(() => other.client.stats().reconnects === 1);
    const right = await connect({ token: 'secret' });
    await until(() => right.sink.statuses.at(-1) === 'book up');
    expect([...wrong.sink.facts, ...other.sink.facts]).toEqual([]);
  });

  it('will not listen beyond loopback without a token', () => {
    expect(() =>
      createRemoteFeedPublisher({ clock, instrument: SPEC, host: '0.0.0.0', port: 0 }),
    ).toThrow('needs a token');
  });
});

describe('a gap', () => {
  /** A peer that says what the test wants, and what the client has said to it. */
  async function scripted() {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    closing.push(() => {
      for (const socket of server.clients) socket.terminate();
      server.close();
    });
    const heard: unknown[] = [];
    let socket: WebSocket | null = null;
    server.on('connection', (accepted) => {
      socket = accepted;
      accepted.on('message', (data) => heard.push(JSON.parse(String(data))));
    });
    await until(() => server.address() !== null);
    const peer = await connect({ port: (server.address() as AddressInfo).port });
    await until(() => heard.length === 1);
    const say = (message: FromPublisher) => socket?.send(JSON.stringify(message));
    say({ type: 'hello', version: 1, session: 's', instrument: SPEC });
    say({ type: 'snapshot', sequence: 5, facts: [BOOK_UP, book(10)] });
    await until(() => peer.sink.facts.length === 2);
    return { ...peer, heard, say };
  }

  it('is repaired by a resend; nothing out of order is published', async () => {
    const { sink, heard, say } = await scripted();
    say({ type: 'fact', sequence: 7, previous: 6, fact: book(12) });
    await until(() => heard.length === 2);
    expect(heard[1]).toEqual({ type: 'resend', after: 5 });
    expect(sink.of('book')).toHaveLength(1);
    say({ type: 'fact', sequence: 6, previous: 5, fact: book(11) });
    say({ type: 'fact', sequence: 7, previous: 6, fact: book(12) });
    await until(() => sink.of('book').length === 3);
    expect(sink.of('book').map(({ bid }) => bid)).toEqual([10, 11, 12]);
  });

  it('at the end is noticed by the next heartbeat', async () => {
    const { heard, say } = await scripted();
    say({ type: 'heartbeat', sequence: 6, timeMs: 1 as TimeMs });
    await until(() => heard.length === 2);
    expect(heard[1]).toEqual({ type: 'resend', after: 5 });
  });

  it('that is not repaired within a second takes the feed down', async () => {
    const { sink, heard, say } = await scripted();
    say({ type: 'fact', sequence: 7, previous: 6, fact: book(12) });
    await until(() => heard.length === 2);
    clock.advance(1_100);
    say({ type: 'fact', sequence: 8, previous: 7, fact: book(13) });
    await until(() => sink.statuses.at(-1) === 'book down');
  });

  it('publishes no malformed or crossed book', async () => {
    const { sink, client, say } = await scripted();
    const crossed = { ...book(12), ask: 11 as Ticks } as MarketFact;
    say({ type: 'fact', sequence: 6, previous: 5, fact: crossed });
    say({ type: 'fact', sequence: 6, previous: 5, fact: { kind: 'book' } as MarketFact });
    await until(() => client.stats().malformed === 2);
    expect(sink.of('book')).toHaveLength(1);
  });

  it('is answered by the publisher from its ring, or with a snapshot where that is too short', async () => {
    for (let bid = 1; bid <= 30; bid++) publisher.onMarket(book(bid));
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    closing.push(() => socket.terminate());
    const heard: FromPublisher[] = [];
    socket.on('message', (data) => heard.push(JSON.parse(String(data)) as FromPublisher));
    await until(() => socket.readyState === WebSocket.OPEN);
    socket.send('{"type":"hello","version":1,"token":null}');
    await until(() => heard.length === 2);
    socket.send('{"type":"resend","after":27}');
    await until(() => heard.length === 5);
    expect(heard.slice(2)).toMatchObject([
      { type: 'fact', sequence: 28, previous: 27 },
      { type: 'fact', sequence: 29, previous: 28 },
      { type: 'fact', sequence: 30, previous: 29 },
    ]);
    socket.send('{"type":"resend","after":3}');
    await until(() => heard.length === 6);
    expect(heard[5]).toMatchObject({ type: 'snapshot', sequence: 30 });
  });
});

it('leaves out old books for a slow client, drops one that falls too far behind, and goes on', async () => {
  await publisher.close();
  publisher = createRemoteFeedPublisher({ clock, instrument: SPEC, port: 0, ringSize: 2_000 });
  port = await publisher.listen();
  const slow = new WebSocket(`ws://127.0.0.1:${port}`);
  closing.push(() => slow.terminate());
  await until(() => slow.readyState === WebSocket.OPEN);
  slow.send('{"type":"hello","version":1,"token":null}');
  const { sink } = await connect();
  await until(() => publisher.clients === 2);
  await settle();
  slow.pause();
  publisher.onMarket(BOOK_UP);
  for (let bid = 1; bid <= 60_000 && publisher.clients === 2; bid++) {
    publisher.onMarket({ kind: 'trade', ...trade(bid) });
    if (bid % 20 === 0) await settle(1);
  }
  expect(publisher.clients).toBe(1);
  publisher.onMarket(book(77));
  await until(() => sink.of('book').length === 1);
});

function trade(price: number) {
  return {
    exchangeMs: 1 as TimeMs,
    price: price as Ticks,
    lots: 1 as Lots,
    isBuyerMaker: false,
  };
}
