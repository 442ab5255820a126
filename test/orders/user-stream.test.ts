/**
 * The private stream against a real WebSocket server on loopback, time moved by hand: what frames come
 * to mean, and that every way of losing the stream leads to one `down` and, later, one `up`.
 */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import WebSocket, { WebSocketServer } from 'ws';
import { StopLinks } from '../../shared/adapters/binance/stop-links.ts';
import { userFrame } from '../../shared/adapters/binance/user-stream-facts.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import type { ExchangeClient, UserFact } from '../../shared/ports/exchange.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ScriptedBinance } from './scripted-binance.ts';

const MINUTE_MS = 60_000;

let server: ScriptedBinance;
let sockets: WebSocketServer;
let client: ExchangeClient;
let facts: UserFact[];
let logged: string[];
let accepted: { socket: WebSocket; url: string; participant: unknown }[];
let keys: number;
let putAnswer: { status?: number; body?: unknown };

beforeEach(async () => {
  server = await ScriptedBinance.start(new ManualClock());
  sockets = new WebSocketServer({ server: server.httpServer });
  accepted = [];
  facts = [];
  logged = [];
  keys = 0;
  putAnswer = { body: {} };
  sockets.on('connection', (socket, request) =>
    accepted.push({
      socket,
      url: request.url ?? '',
      participant: request.headers['x-plimsoll-participant'],
    }),
  );
  server.script = ({ path, method }) => {
    if (path !== '/fapi/v1/listenKey') return { status: 404 };
    if (method === 'PUT') return putAnswer;
    keys += 1;
    return { body: { listenKey: `key-${keys}` } };
  };
  client = await server.connectedClient({
    headers: () => ({ 'x-plimsoll-participant': '3' }),
    log: (message) => logged.push(message),
    // Hours pass here between a request and its answer.
    timeoutMs: 10 * 24 * 60 * MINUTE_MS,
  });
});
afterEach(async () => {
  await client.stop();
  for (const { socket } of accepted) socket.terminate();
  sockets.close();
  await server.stop();
});

/** Lets the event loop turn until `condition` holds; the test's own timeout bounds it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

const statuses = () => facts.flatMap((fact) => (fact.kind === 'feedStatus' ? [fact.status] : []));
const start = () => client.startUserStream({ onUser: (fact) => facts.push(fact) });
const push = (frame: unknown) =>
  accepted.at(-1)?.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));

/** Moves time on until the stream is up again. */
async function recovered(downs = 1): Promise<void> {
  await until(() => statuses().filter((status) => status === 'down').length === downs);
  server.clock.advance(30_000);
  await until(() => statuses().at(-1) === 'up');
}

/** Lets time pass, a multiple of half a minute, with a server that answers pings. */
async function pass(ms: number): Promise<void> {
  const { clock } = server;
  const before = clock.deliveries - clock.requests;
  for (let pings = 1; pings * 30_000 <= ms; pings++) {
    clock.advance(30_000);
    // A pong for each ping and an answer for each request.
    await until(() => clock.deliveries - clock.requests === before + pings);
  }
}

function orderUpdate(fields: Record<string, unknown> = {}) {
  return {
    e: 'ORDER_TRADE_UPDATE',
    E: 1_700_000_000_010,
    T: 1_700_000_000_009,
    o: {
      s: 'BTCUSDT',
      c: 'p-test-1-1',
      S: 'SELL',
      o: 'LIMIT',
      f: 'IOC',
      q: '0.010',
      p: '60000.10',
      ap: '60000.1',
      x: 'TRADE',
      X: 'PARTIALLY_FILLED',
      i: 77,
      l: '0.004',
      z: '0.006',
      L: '60000.20',
      N: 'USDT',
      n: '0.12000040',
      T: 1_700_000_000_008,
      t: 991,
      m: false,
      R: true,
      ps: 'BOTH',
      rp: '-3.5',
      ...fields,
    },
  };
}

function accountUpdate(m: string, fields: Record<string, unknown> = {}) {
  return {
    e: 'ACCOUNT_UPDATE',
    E: 1_700_000_000_010,
    T: 1_699_992_000_700,
    a: { m, B: [{ a: 'USDT', wb: '100.5', cw: '100.5', bc: '-0.75' }], P: [], ...fields },
  };
}

describe('the user stream', () => {
  it('asks for a key, connects with it as this participant, and says so', async () => {
    await start();
    await until(() => accepted.length === 1);
    expect(accepted[0]).toMatchObject({ url: '/private/ws?listenKey=key-1', participant: '3' });
    expect(statuses()).toEqual(['up']);
    expect(server.clock.busyNow).toBe(0);
  });

  it('hands over a fill before the report of the same execution', async () => {
    await start();
    await until(() => accepted.length === 1);
    push(orderUpdate());
    await until(() => facts.length === 3);
    expect(facts.slice(1)).toEqual([
      {
        kind: 'fill',
        fill: {
          tradeId: '991',
          exchangeOrderId: '77',
          clientOrderId: 'p-test-1-1',
          side: 'sell',
          price: 600_002,
          lots: 4,
          fee: 12_000_040,
          realizedPnl: -350_000_000,
          isMaker: false,
          exchangeMs: 1_700_000_000_008,
        },
      },
      {
        kind: 'orderReport',
        report: {
          clientOrderId: 'p-test-1-1',
          exchangeOrderId: '77',
          status: 'partiallyFilled',
          side: 'sell',
          lots: 10,
          executedLots: 6,
          reduceOnly: true,
          exchangeMs: 1_700_000_000_008,
        },
      },
    ]);
  });

  it('renews its key every half hour', async () => {
    await start();
    await pass(30 * MINUTE_MS);
    await until(() => server.requests.some(({ method }) => method === 'PUT'));
    expect(statuses()).toEqual(['up']);
  });

  it('gets a new key and connects anew when the exchange no longer knows the key', async () => {
    await start();
    putAnswer = { status: 400, body: { code: -1125, msg: 'This listenKey does not exist.' } };
    await pass(30 * MINUTE_MS);
    await recovered();
    expect(statuses()).toEqual(['up', 'down', 'up']);
    expect(accepted.at(-1)?.url).toContain('key-2');
  });

  it('tries a renewal that failed otherwise again after a minute, without a break', async () => {
    await start();
    putAnswer = { status: 503, body: 'Service Unavailable.' };
    await pass(30 * MINUTE_MS);
    await until(() => logged.some((line) => line.includes('not renewed')));
    putAnswer = { body: {} };
    await pass(MINUTE_MS);
    await until(() => server.requests.filter(({ method }) => method === 'PUT').length === 2);
    expect(statuses()).toEqual(['up']);
  });

  it('starts over when told that the key expired', async () => {
    await start();
    await until(() => accepted.length === 1);
    push({ e: 'listenKeyExpired', E: 1, listenKey: 'key-1' });
    await recovered();
    expect(accepted.at(-1)?.url).toContain('key-2');
    expect(logged.join()).not.toContain('key-1');
  });

  it('starts over when the exchange closes or cuts the connection', async () => {
    await start();
    await until(() => accepted.length === 1);
    accepted[0]?.socket.close(1001);
    await recovered(1);
    accepted.at(-1)?.socket.terminate();
    await recovered(2);
    expect(statuses()).toEqual(['up', 'down', 'up', 'down', 'up']);
  });

  it('starts over, once, at a malformed frame, and hands over nothing of it', async () => {
    await start();
    await until(() => accepted.length === 1);
    push(orderUpdate({ z: 'NaN' }));
    push('{"e":"ORDER_TRADE_UPD');
    push(orderUpdate());
    await recovered();
    expect(facts.map((fact) => fact.kind)).toEqual(['feedStatus', 'feedStatus', 'feedStatus']);
    expect(logged.filter((line) => line.includes('malformed'))).toHaveLength(1);
  });

  it('notices a dead connection by the pong that does not come', async () => {
    await start();
    await until(() => accepted.length === 1);
    const { socket } = accepted[0] as { socket: WebSocket };
    // A server that no longer reads answers nothing.
    socket.pause();
    server.clock.advance(30_000);
    server.clock.advance(10_000);
    expect(statuses()).toEqual(['up', 'down']);
  });

  it('stays up while pongs come, however long nothing happens', async () => {
    await start();
    await until(() => accepted.length === 1);
    let pings = 0;
    accepted[0]?.socket.on('ping', () => {
      pings += 1;
    });
    await pass(5 * 30_000);
    expect(pings).toBe(5);
    expect(statuses()).toEqual(['up']);
  });

  it('replaces the connection before it is a day old, without a break', async () => {
    await start();
    await until(() => accepted.length === 1);
    await pass(24 * 60 * MINUTE_MS - 10 * MINUTE_MS);
    await until(() => accepted.length === 2);
    await until(() => server.clock.busyNow === 0);
    push(orderUpdate());
    await until(() => facts.length === 3);
    server.clock.advance(5_000);
    await until(() => accepted[0]?.socket.readyState === WebSocket.CLOSED);
    push(orderUpdate());
    await until(() => facts.length === 5);
    expect(statuses()).toEqual(['up']);
  });

  it('refuses to start with a key the exchange refuses', async () => {
    server.script = () => ({ status: 401, body: { code: -2015, msg: 'Invalid API-key' } });
    await expect(start()).rejects.toMatchObject({ kind: 'rejected', code: -2015 });
    expect(server.clock.timersPending).toBe(0);
  });

  it('goes on trying where the exchange cannot be reached', async () => {
    const answering = server.script;
    server.script = () => ({ status: 502, body: 'Bad Gateway' });
    await start();
    expect(statuses()).toEqual(['down']);
    server.script = answering;
    await recovered();
    expect(statuses()).toEqual(['down', 'up']);
  });
});

describe('a frame', () => {
  const instrument = () => new Instrument(client.instrument());
  const factsOf = (frame: unknown) =>
    userFrame(JSON.stringify(frame), instrument(), new StopLinks()).facts;

  it('of funding is the same fact the income history gives', () => {
    expect(factsOf(accountUpdate('FUNDING_FEE', { S: 'BTCUSDT' }))).toEqual([
      {
        kind: 'walletChange',
        reason: 'funding',
        amount: -75_000_000,
        id: 'funding-1699992000000',
        exchangeMs: 1_699_992_000_000,
      },
    ]);
  });

  it.each([
    ['DEPOSIT', 'transfer'],
    ['WITHDRAW', 'transfer'],
    ['ASSET_TRANSFER', 'transfer'],
    ['INSURANCE_CLEAR', 'other'],
    ['SOMETHING_NEW', 'other'],
  ])('of %s changes the wallet as %s', (cause, reason) => {
    expect(factsOf(accountUpdate(cause))).toMatchObject([{ reason, amount: -75_000_000 }]);
  });

  it('of an order, of margin moved, of another asset or of nothing changes no wallet', () => {
    expect(factsOf(accountUpdate('ORDER'))).toEqual([]);
    expect(factsOf(accountUpdate('MARGIN_TRANSFER'))).toEqual([]);
    expect(factsOf(accountUpdate('DEPOSIT', { B: [{ a: 'BNB', wb: '1', bc: '1' }] }))).toEqual([]);
    expect(factsOf(accountUpdate('DEPOSIT', { B: [{ a: 'USDT', wb: '1', bc: '0' }] }))).toEqual([]);
  });

  it('of changed settings says what was changed, and nothing of another symbol', () => {
    const config = {
      kind: 'accountConfig',
      leverage: null,
      isHedgeMode: null,
      isIsolated: null,
      isMultiAsset: null,
      paysFeesInBnb: null,
    };
    const update = (fields: object) => ({ e: 'ACCOUNT_CONFIG_UPDATE', E: 1, T: 1, ...fields });
    expect(factsOf(update({ ac: { s: 'BTCUSDT', l: 20 } }))).toEqual([{ ...config, leverage: 20 }]);
    expect(factsOf(update({ ac: { s: 'ETHUSDT', l: 20 } }))).toEqual([]);
    expect(factsOf(update({ ai: { j: true } }))).toEqual([{ ...config, isMultiAsset: true }]);
    const position = (mt: string) =>
      accountUpdate('MARGIN_TYPE_CHANGE', { P: [{ s: 'BTCUSDT', mt }] });
    expect(factsOf(position('isolated'))).toEqual([{ ...config, isIsolated: true }]);
    expect(factsOf(position('cross'))).toEqual([{ ...config, isIsolated: false }]);
    for (const broken of [{ ac: { s: 'BTCUSDT', l: '20' } }, { ai: { j: 'yes' } }, { ac: 7 }]) {
      expect(() => factsOf(update(broken))).toThrow();
    }
  });

  it('of an order without an execution is a report alone', () => {
    const rest = { x: 'NEW', X: 'NEW', l: '0', z: '0', t: 0, L: '0', N: undefined, n: undefined };
    expect(factsOf(orderUpdate(rest)).map((fact) => fact.kind)).toEqual(['orderReport']);
  });

  it('of an order that expired in a self-match is expired', () => {
    const ended = { x: 'EXPIRED', X: 'EXPIRED_IN_MATCH', l: '0', t: 0 };
    expect(factsOf(orderUpdate(ended))).toMatchObject([{ report: { status: 'expired' } }]);
  });

  it('of a liquidation is a fill too', () => {
    const [fill] = factsOf(orderUpdate({ x: 'CALCULATED', c: 'autoclose-1', X: 'FILLED' }));
    expect(fill).toMatchObject({ kind: 'fill', fill: { clientOrderId: 'autoclose-1' } });
  });

  it('of another symbol or of an unknown kind says nothing', () => {
    expect(factsOf(orderUpdate({ s: 'ETHUSDT' }))).toEqual([]);
    expect(factsOf({ e: 'TRADE_LITE', E: 1 })).toEqual([]);
    expect(factsOf({ e: 'SOMETHING_NEW' })).toEqual([]);
    expect(factsOf({ result: null, id: 1 })).toEqual([]);
  });

  it('keeps ids beyond 2^53', () => {
    const text = JSON.stringify(orderUpdate()).replace('"i":77', '"i":8389765519993908929');
    const [fill] = userFrame(text, instrument(), new StopLinks()).facts;
    expect(fill).toMatchObject({ fill: { exchangeOrderId: '8389765519993908929' } });
  });

  it('with any field of ours broken is refused, never half read', () => {
    const fields = ['c', 'S', 'q', 'x', 'X', 'i', 'l', 'z', 'L', 'T', 't', 'm', 'R', 'rp', 'n'];
    const wrong = fc.constantFrom<unknown>(null, {}, [], '', 'NaN', '1e5', '0.0001', -1, 1.5);
    fc.assert(
      fc.property(fc.constantFrom(...fields), wrong, (field, value) => {
        // Any text may be a client id or an execution type, and money has eight decimals.
        fc.pre(!(field === 'c' && typeof value === 'string'));
        fc.pre(!(field === 'x' && typeof value === 'string'));
        fc.pre(!((field === 'rp' || field === 'n') && value === '0.0001'));
        expect(() => factsOf(orderUpdate({ [field]: value }))).toThrow();
      }),
    );
  });

  it('with a fee in another asset is refused by its name', () => {
    expect(() => factsOf(orderUpdate({ N: 'BNB' }))).toThrow(/BNB/);
  });
});
