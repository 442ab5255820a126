/**
 * What may be assumed of a request that failed. Every row is answered by a real server over loopback and
 * goes through the real ccxt, because what ccxt makes of an answer is part of what is tested.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ExchangeError, type ExchangeErrorKind } from '../../shared/ports/exchange.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { type Answer, intent, orderAnswer, ScriptedBinance } from './scripted-binance.ts';

interface Expected {
  readonly kind: ExchangeErrorKind;
  readonly code?: number;
  readonly retryAfterMs?: number;
}

const failure = (status: number, code: number, msg = 'text'): Answer => ({
  status,
  body: { code, msg },
});
const UNKNOWN_503 = 'Unknown error, please check your request or try again later.';

let server: ScriptedBinance;
beforeAll(async () => {
  server = await ScriptedBinance.start(new ManualClock());
});
afterAll(() => server.stop());
beforeEach(() => {
  // Long after any Retry-After of the test before.
  server.clock.advance(3_600_000);
});

async function errorOf(work: Promise<unknown>): Promise<ExchangeError> {
  const error = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ExchangeError);
  return error as ExchangeError;
}

function check(error: ExchangeError, expected: Expected): void {
  expect({ kind: error.kind, code: error.code }).toEqual({ code: 0, ...pick(expected) });
  if (expected.retryAfterMs !== undefined) expect(error.retryAfterMs).toBe(expected.retryAfterMs);
  // Nothing that reads this error may learn what signs our requests.
  expect(`${error.message} ${String(error.cause)}`).not.toMatch(/signature|test-secret|test-key/);
}

const pick = ({ kind, code }: Expected) => ({ kind, ...(code === undefined ? {} : { code }) });

const PLACE_ROWS: [string, Answer, Expected][] = [
  ['definite parameter error', failure(400, -1102), { kind: 'rejected', code: -1102 }],
  ['precision', failure(400, -1111), { kind: 'rejected', code: -1111 }],
  ['outside the time window', failure(400, -1021), { kind: 'rejected', code: -1021 }],
  ['bad signature', failure(400, -1022), { kind: 'rejected', code: -1022 }],
  ['key format', failure(401, -2014), { kind: 'rejected', code: -2014 }],
  ['key, IP or permission', failure(401, -2015), { kind: 'rejected', code: -2015 }],
  ['margin', failure(400, -2019, 'Margin is insufficient.'), { kind: 'rejected', code: -2019 }],
  ['reduce-only', failure(400, -2022), { kind: 'rejected', code: -2022 }],
  ['open orders at the maximum', failure(400, -2025), { kind: 'rejected', code: -2025 }],
  ['position at the maximum', failure(400, -2027), { kind: 'rejected', code: -2027 }],
  ['tick size', failure(400, -4014), { kind: 'rejected', code: -4014 }],
  ['price band', failure(400, -4016), { kind: 'rejected', code: -4016 }],
  ['lot size', failure(400, -4023), { kind: 'rejected', code: -4023 }],
  ['position side', failure(400, -4061), { kind: 'rejected', code: -4061 }],
  ['wrong endpoint for a stop', failure(400, -4120), { kind: 'rejected', code: -4120 }],
  ['market order outside the band', failure(400, -4131), { kind: 'rejected', code: -4131 }],
  ['notional', failure(400, -4164), { kind: 'rejected', code: -4164 }],
  ['fill or kill', failure(400, -5021), { kind: 'rejected', code: -5021 }],
  ['post only', failure(400, -5022), { kind: 'rejected', code: -5022 }],
  ['matching engine window', failure(400, -5028), { kind: 'rejected', code: -5028 }],
  ['503 B', { status: 503, body: 'Service Unavailable.' }, { kind: 'rejected' }],
  ['503 B as JSON', failure(503, 0, 'Service Unavailable.'), { kind: 'rejected' }],
  ['503 C', failure(503, -1008), { kind: 'rateLimited', code: -1008, retryAfterMs: 1_000 }],
  [
    'too many orders',
    failure(429, -1015),
    { kind: 'rateLimited', code: -1015, retryAfterMs: 10_000 },
  ],
  [
    '429 with Retry-After',
    { ...failure(429, -1003), headers: { 'Retry-After': '7' } },
    { kind: 'rateLimited', code: -1003, retryAfterMs: 7_000 },
  ],
  ['429 without', failure(429, -1003), { kind: 'rateLimited', code: -1003, retryAfterMs: 60_000 }],
  ['418, no JSON', { status: 418, body: '<html>' }, { kind: 'rateLimited', retryAfterMs: 120_000 }],
  ['duplicate id: an order exists', failure(400, -4116), { kind: 'unknownOutcome', code: -4116 }],
  ['503 A', { status: 503, body: UNKNOWN_503 }, { kind: 'unknownOutcome' }],
  ['503 A as JSON', failure(503, -1000, UNKNOWN_503), { kind: 'unknownOutcome', code: -1000 }],
  ['503 D', failure(503, -1001), { kind: 'unknownOutcome', code: -1001 }],
  ['unexpected response', failure(400, -1006), { kind: 'unknownOutcome', code: -1006 }],
  ['backend timeout', failure(408, -1007), { kind: 'unknownOutcome', code: -1007 }],
  ['backend timeout as 503', failure(503, -1007), { kind: 'unknownOutcome', code: -1007 }],
  ['a definite code with a 5xx', failure(500, -2019), { kind: 'unknownOutcome', code: -2019 }],
  ['a code not on the list', failure(400, -9999), { kind: 'unknownOutcome', code: -9999 }],
  ['an error in a 200', failure(200, -2019), { kind: 'unknownOutcome', code: -2019 }],
  ['gateway page', { status: 502, body: '<html>Bad Gateway' }, { kind: 'unknownOutcome' }],
  ['firewall page', { status: 403, body: '<html>' }, { kind: 'unknownOutcome' }],
  ['redirect', { status: 302, body: '', headers: { location: '/' } }, { kind: 'unknownOutcome' }],
  ['400 without JSON', { status: 400, body: 'Bad Request' }, { kind: 'unknownOutcome' }],
  ['empty success', { body: '' }, { kind: 'unknownOutcome' }],
  ['truncated JSON', { body: '{"orderId":1,"symb' }, { kind: 'unknownOutcome' }],
  ['success without fields', { body: {} }, { kind: 'unknownOutcome' }],
  [
    'another order',
    { body: orderAnswer({ clientOrderId: 'p-other' }) },
    { kind: 'unknownOutcome' },
  ],
  ['reset before headers', { break: 'resetBeforeHeaders' }, { kind: 'unknownOutcome' }],
  [
    'reset in the body',
    { body: orderAnswer({}), break: 'resetMidBody' },
    { kind: 'unknownOutcome' },
  ],
];

describe('placing an order', () => {
  it.each(PLACE_ROWS)('%s', async (_name, answer, expected) => {
    const client = await server.connectedClient();
    server.script = () => answer;
    check(await errorOf(client.placeOrder(intent())), expected);
    expect(server.requests).toHaveLength(1);
    await client.stop();
  });

  it('does not know what became of an order that got no answer in time', async () => {
    const client = await server.connectedClient({ timeoutMs: 10_000 });
    server.script = () => ({ break: 'silence' });
    const placing = errorOf(client.placeOrder(intent()));
    await server.arrival('/fapi/v1/order');
    const { deliveries } = server.clock;
    server.clock.advance(9_999);
    server.clock.advance(1);
    check(await placing, { kind: 'unknownOutcome' });
    // Nothing came: a shared clock that counted this would be one ahead for ever.
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(server.clock.deliveries).toBe(deliveries);
    expect(server.requests).toHaveLength(1);
    await client.stop();
  });

  it('knows that nothing left when the connection was refused', async () => {
    const gone = await ScriptedBinance.start(server.clock);
    const client = await gone.connectedClient();
    await gone.stop();
    // The connection of connect() may still look alive to us: only a new one can be refused.
    await new Promise((resolve) => setImmediate(resolve));
    const errors = [
      await errorOf(client.placeOrder(intent())),
      await errorOf(client.placeOrder(intent())),
    ];
    check(errors[1] as ExchangeError, { kind: 'unreachable' });
    await client.stop();
  });

  it('knows that nothing left when the name does not resolve', async () => {
    const client = await server.connectedClient();
    await client.stop();
    const { createBinanceRest } = await import('../../shared/adapters/ccxt/binance-rest.ts');
    const { Pacer } = await import('../../shared/adapters/ccxt/pacing.ts');
    const rest = await createBinanceRest({
      restUrl: 'http://no-such-host.invalid',
      apiKey: 'test-key',
      apiSecret: 'test-secret',
      recvWindowMs: 5_000,
      timeoutMs: 10_000,
      clock: server.clock,
      pacer: new Pacer(server.clock),
      offsetMs: () => 0,
    });
    check(await errorOf(rest.api.fapiPrivatePostOrder({ symbol: 'BTCUSDT' })), {
      kind: 'unreachable',
    });
    rest.close();
  });
});

describe('cancelling an order', () => {
  const rows: [string, Answer, Expected][] = [
    ['not open', failure(400, -2011), { kind: 'rejected', code: -2011 }],
    ['bad key', failure(401, -2015), { kind: 'rejected', code: -2015 }],
    ['503 A', { status: 503, body: UNKNOWN_503 }, { kind: 'unknownOutcome' }],
    ['disconnected', failure(400, -1001), { kind: 'unknownOutcome', code: -1001 }],
    ['reset', { break: 'resetBeforeHeaders' }, { kind: 'unknownOutcome' }],
    ['429', failure(429, -1003), { kind: 'rateLimited', code: -1003 }],
  ];
  it.each(rows)('%s', async (_name, answer, expected) => {
    const client = await server.connectedClient();
    server.script = () => answer;
    check(await errorOf(client.cancelOrder('p-test-1-1', 'regular')), expected);
    expect(server.requests).toHaveLength(1);
    await client.stop();
  });
});

describe('reading', () => {
  const rows: [string, Answer, Expected][] = [
    ['bad key', failure(401, -2015), { kind: 'rejected', code: -2015 }],
    ['time window', failure(400, -1021), { kind: 'rejected', code: -1021 }],
    ['503', { status: 503, body: UNKNOWN_503 }, { kind: 'unreachable' }],
    ['backend timeout', failure(408, -1007), { kind: 'unreachable', code: -1007 }],
    ['no JSON', { body: '<html>' }, { kind: 'unreachable' }],
    ['not the documented shape', { body: [] }, { kind: 'unreachable' }],
    ['reset', { break: 'resetBeforeHeaders' }, { kind: 'unreachable' }],
    ['cut short', { body: { a: 'b' }, break: 'resetMidBody' }, { kind: 'unreachable' }],
    ['firewall', { status: 403, body: '<html>' }, { kind: 'rateLimited', retryAfterMs: 60_000 }],
    [
      'ban until a time',
      failure(418, -1003, 'Way too many requests; IP banned until 1699999999999.'),
      { kind: 'rateLimited', code: -1003, retryAfterMs: 1_000 },
    ],
  ];
  it.each(rows)('%s', async (_name, answer, expected) => {
    const client = await server.connectedClient();
    server.script = () => answer;
    check(await errorOf(client.queryOrder('p-test-1-1', 'regular')), expected);
    await client.stop();
  });

  it('takes "order does not exist" for an answer, not a failure', async () => {
    const client = await server.connectedClient();
    server.script = () => failure(400, -2013, 'Order does not exist.');
    expect(await client.queryOrder('p-test-1-1', 'regular')).toBeNull();
    await client.stop();
  });
});

describe('after the exchange said stop', () => {
  it('sends only what protects until Retry-After has passed', async () => {
    const client = await server.connectedClient();
    server.script = () => ({ ...failure(429, -1003), headers: { 'retry-after': '30' } });
    await errorOf(client.queryOrder('p-test-1-1', 'regular'));
    server.requests.length = 0;
    server.clock.advance(10_000);

    check(await errorOf(client.placeOrder(intent())), {
      kind: 'rateLimited',
      retryAfterMs: 20_000,
    });
    check(await errorOf(client.accountSnapshot()), { kind: 'rateLimited', retryAfterMs: 20_000 });
    expect(server.requests).toHaveLength(0);

    const close = intent({ reduceOnly: true });
    const { clientOrderId } = close.request;
    server.script = () => ({ body: orderAnswer({ clientOrderId, reduceOnly: true }) });
    expect((await client.placeOrder(close)).status).toBe('open');
    expect((await client.cancelOrder(clientOrderId, 'regular')).clientOrderId).toBe(clientOrderId);

    server.clock.advance(20_000);
    expect(await client.queryOrder(clientOrderId, 'regular')).not.toBeNull();
    await client.stop();
  });

  it('stops reading near the weight limit until the next minute, and still places orders', async () => {
    const client = await server.connectedClient();
    const order = intent();
    const { clientOrderId } = order.request;
    const headers = { 'x-mbx-used-weight-1m': '2200' };
    server.script = () => ({ body: orderAnswer({ clientOrderId }), headers });
    expect((await client.placeOrder(order)).status).toBe('open');
    check(await errorOf(client.queryOrder(clientOrderId, 'regular')), {
      kind: 'rateLimited',
    });
    expect((await client.placeOrder(order)).status).toBe('open');
    server.clock.advance(60_000);
    server.script = () => ({ body: orderAnswer({ clientOrderId }) });
    expect(await client.queryOrder(clientOrderId, 'regular')).not.toBeNull();
    await client.stop();
  });
});
