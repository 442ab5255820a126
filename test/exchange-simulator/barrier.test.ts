/**
 * Goal: a run at unlimited speed is the same every time, and nobody who dies stops the others.
 * Method: scripted clients over real HTTP and sockets, everything they see written to a trace.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import {
  DEMO_ACCOUNT,
  type ExchangeSimulatorOptions,
} from '../../services/exchange-simulator/exchange-simulator.ts';
import { VirtualClock } from '../../shared/adapters/clock/virtual-clock.ts';
import { CONTROL_PATH } from '../../shared/ports/barrier.ts';
import { afterTest, Listener, request, sign, start } from './harness.ts';

/** A client on the shared clock that writes down all it sees. */
class Scripted {
  readonly clock: VirtualClock;
  readonly trace: string[] = [];
  readonly #url: string;

  constructor(url: string, clock: VirtualClock) {
    this.#url = url;
    this.clock = clock;
  }

  static async join(url: string): Promise<Scripted> {
    const clock = await VirtualClock.join(url, 'scripted');
    afterTest(async () => clock.close());
    return new Scripted(url, clock);
  }

  note(text: string): void {
    this.trace.push(`${this.clock.now()} ${text}`);
  }

  /** Notes each frame; calls `seen` with it. Resolves with what closes the stream. */
  async open(path: string, seen: (text: string) => void = () => undefined): Promise<() => void> {
    const socket = new WebSocket(this.#url.replace('http', 'ws') + path, {
      headers: this.clock.headers(),
      perMessageDeflate: false,
    });
    socket.on('message', (data) => {
      const text = String(data);
      this.clock.deliver(() => {
        this.note(`${path.slice(0, 8)} ${text}`);
        seen(text);
      });
    });
    await this.clock.busy(new Promise((resolve) => socket.once('open', resolve)));
    return () => socket.close();
  }

  /** Sends a request with number `sequence`; `delayTurns` turns of the event loop late. */
  call(call: string, query: string, delayTurns = 0): Promise<{ status: number; body: string }> {
    const sequence = this.clock.requestSent();
    const [method = 'GET', path] = call.split(' ');
    return new Promise((resolve, reject) => {
      const headers = { 'x-mbx-apikey': DEMO_ACCOUNT.apiKey, ...this.clock.headers(sequence) };
      const send = async () => {
        for (let i = 0; i < delayTurns; i++) await new Promise((turn) => setImmediate(turn));
        const response = await fetch(`${this.#url}${path}?${query}`, { method, headers });
        const body = await response.text();
        this.clock.deliver(() => {
          this.note(`${call} ${response.status} ${body}`);
          resolve({ status: response.status, body });
        });
      };
      send().catch(reject);
    });
  }

  signed(call: string, query: string, delayTurns = 0) {
    const full = `${query}${query ? '&' : ''}timestamp=${this.clock.now()}`;
    return this.call(call, sign(full).query, delayTurns);
  }

  /** Resolves when `delayMs` of virtual time have passed. */
  after(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(delayMs, resolve));
  }
}

const MAX_SPEED: ExchangeSimulatorOptions = { clock: 'barrier', speed: null, seed: 7 };

/** Half a minute of trading with several requests at once; the trace of it. */
async function tradeForAWhile(seed: number): Promise<string[]> {
  const simulator = await start({ ...MAX_SPEED, seed });
  const client = await Scripted.join(simulator.url);
  const { body } = await client.call('POST /fapi/v1/listenKey', '');
  const { listenKey } = JSON.parse(body);
  await client.clock.busy(
    Promise.all([
      client.open('/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker'),
      client.open('/market/ws/btcusdt@markPrice@1s'),
      client.open(`/private/ws?listenKey=${listenKey}`),
    ]),
  );
  await client.call('GET /fapi/v1/depth', 'symbol=BTCUSDT&limit=1000');
  for (let round = 0; round < 10; round++) {
    await client.after(2_500);
    const side = round % 2 === 0 ? 'BUY' : 'SELL';
    const order = `symbol=BTCUSDT&side=${side}`;
    const isOdd = round % 3 === 0;
    await Promise.all([
      client.signed('POST /fapi/v1/order', `${order}&type=MARKET&quantity=0.02`, isOdd ? 5 : 0),
      client.signed(
        'POST /fapi/v1/order',
        `${order}&type=LIMIT&timeInForce=GTC&quantity=0.01&price=60000`,
        isOdd ? 0 : 3,
      ),
      client.signed('GET /fapi/v3/account', '', round % 4),
    ]);
  }
  client.clock.close();
  await simulator.close();
  return client.trace;
}

describe('at unlimited speed', () => {
  test('two runs over real sockets give the same trace, another seed another', async () => {
    const first = await tradeForAWhile(7);
    const second = await tradeForAWhile(7);
    const other = await tradeForAWhile(8);
    expect(first.length).toBeGreaterThan(500);
    expect(first.some((line) => line.includes('"X":"FILLED"'))).toBe(true);
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
  });

  test('requests of one instant happen in the order they were numbered, not as they arrived', async () => {
    const { url } = await start(MAX_SPEED);
    const client = await Scripted.join(url);
    await client.after(1_500);
    const order = 'symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=59000';
    const delays = [20, 15, 10, 5, 0];
    const answers = await Promise.all(
      delays.map((turns) => client.signed('POST /fapi/v1/order', order, turns)),
    );
    const ids = answers.map(({ body }) => JSON.parse(body).orderId as number);
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    const times = client.trace
      .filter((line) => line.includes('POST'))
      .map((line) => line.split(' ')[0]);
    expect(new Set(times).size).toBe(1);
  });

  test('a request and its answer each take the latency', async () => {
    const { url } = await start({ ...MAX_SPEED, latencyMs: 40 });
    const client = await Scripted.join(url);
    const before = client.clock.now();
    const { body } = await client.call('GET /fapi/v1/time', '');
    expect(JSON.parse(body).serverTime).toBe(before + 40);
    expect(client.clock.now()).toBe(before + 80);
  });

  test('time waits for work that is under way', async () => {
    const { url } = await start(MAX_SPEED);
    const client = await Scripted.join(url);
    const before = client.clock.now();
    let release: () => void = () => undefined;
    const work = client.clock.busy(
      new Promise<void>((resolve) => {
        release = resolve;
      }),
    );
    const timer = client.after(10);
    const { body } = await request(url, 'GET /fapi/v1/time');
    expect(body.serverTime).toBe(before);
    release();
    await Promise.all([work, timer]);
    expect(client.clock.now()).toBe(before + 10);
  });

  test('klines close once, and a listen key dies after its hour', async () => {
    const { url } = await start(MAX_SPEED);
    const client = await Scripted.join(url);
    const { body } = await client.call('POST /fapi/v1/listenKey', '');
    const { listenKey } = JSON.parse(body);
    const klines: { t: number; x: boolean }[] = [];
    const close = await client.open('/market/ws/btcusdt@kline_1m', (text) =>
      klines.push(JSON.parse(text).k),
    );
    await client.after(125_000);
    const closed = klines.filter((kline) => kline.x).map((kline) => kline.t);
    expect(closed).toHaveLength(2);
    expect(closed[1]! - closed[0]!).toBe(60_000);
    // The rest of the hour is nothing to the kline stream.
    close();
    const expired = new Promise<string>((resolve) => {
      void client.open(`/private/ws?listenKey=${listenKey}`, resolve);
    });
    expect(JSON.parse(await expired)).toMatchObject({ e: 'listenKeyExpired', listenKey });
    const kept = await client.call('PUT /fapi/v1/listenKey', '');
    expect(kept.body).toContain('-1125');
  });

  test('with nobody there time stands still', async () => {
    const { url } = await start(MAX_SPEED);
    const time = async () => (await request(url, 'GET /fapi/v1/time')).body.serverTime;
    const before = await time();
    const client = await Scripted.join(url);
    await client.after(5_000);
    client.clock.close();
    const after = await untilStill(time);
    expect(after).toBeGreaterThanOrEqual(before + 5_000);
  });
});

/** Two equal answers in a row. */
async function untilStill(ask: () => Promise<number>): Promise<number> {
  for (let last = await ask(); ; ) {
    const next = await ask();
    if (next === last) return next;
    last = next;
  }
}

describe('at a finite speed', () => {
  test('a client that dies without a word does not stop time', async () => {
    const { url } = await start({ clock: 'barrier', speed: 20 });
    const listener = await Listener.open(`${url}/public/ws/btcusdt@depth`);
    const dying = new WebSocket(url.replace('http', 'ws') + CONTROL_PATH);
    await new Promise((resolve) => {
      dying.once('open', () => dying.send(JSON.stringify({ type: 'join', name: 'dying' })));
      dying.once('message', resolve);
    });
    // It never says it is idle, so nothing happens while it is connected.
    const time = async () => (await request(url, 'GET /fapi/v1/time')).body.serverTime;
    const before = await time();
    expect(listener.frames).toEqual([]);
    dying.terminate();
    await listener.find((frame) => frame.e === 'depthUpdate');
    expect(await time()).toBeGreaterThan(before);
  });
});

describe('a recording', () => {
  const level = (price: string) => [[price, '1.000']];
  const diff = (id: number) => ({
    stream: 'btcusdt@depth@0ms',
    data: {
      e: 'depthUpdate',
      E: 1_700_000_000_000 + id * 10,
      T: 1_700_000_000_000 + id * 10,
      s: 'BTCUSDT',
      U: id,
      u: id,
      pu: id - 1,
      b: level('59999.90'),
      a: level(`${60_000 + id}.00`),
    },
  });
  const snapshot = (id: number) => ({
    lastUpdateId: id,
    E: 1_700_000_000_000 + id * 10,
    T: 1_700_000_000_000 + id * 10,
    bids: level('59999.90'),
    asks: level('60000.00'),
  });

  function write(lines: string[]): string {
    const folder = mkdtempSync(join(tmpdir(), 'plimsoll-'));
    afterTest(async () => rmSync(folder, { recursive: true }));
    const file = join(folder, 'recording');
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  function recording(): string[] {
    const frames = [diff(1), diff(2), snapshot(2), diff(3), diff(4)];
    return frames.map(
      (frame, i) => `${1_700_000_000_000 + i * 1_000}000000 ${JSON.stringify(frame)}`,
    );
  }

  test('a book asked for before it is known is answered once it is, and every frame arrives', async () => {
    const { url } = await start({ ...MAX_SPEED, replay: [write(recording())] });
    const client = await Scripted.join(url);
    const frames: string[] = [];
    await client.open('/public/ws/btcusdt@depth@100ms', (text) => frames.push(text));
    const depth = await client.call('GET /fapi/v1/depth', 'symbol=BTCUSDT&limit=5');
    expect(JSON.parse(depth.body).lastUpdateId).toBe(2);
    expect(frames.map((text) => JSON.parse(text).u)).toEqual([1, 2]);
    await client.clock.ended;
    expect(frames).toEqual(
      [diff(1), diff(2), diff(3), diff(4)].map((frame) => JSON.stringify(frame.data)),
    );
    // What must be settled after the end still can be.
    const account = await client.signed('GET /fapi/v3/account', '');
    expect(account.status).toBe(200);
  });

  test('a damaged one is refused with file and line', async () => {
    const lines = recording();
    lines[2] = lines[2]!.slice(0, 40);
    const file = write(lines);
    await expect(start({ replay: [file] })).rejects.toThrow(`${file}, line 3`);
    await expect(start({ replay: ['/nowhere/at-all'] })).rejects.toThrow('/nowhere/at-all');
  });
});
