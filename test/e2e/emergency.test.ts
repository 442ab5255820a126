/**
 * Goal: `/flatten` closes the position also where the container is dead. Method: the bundles as they are
 * deployed: trader, bot and emergency function, each with nothing but its variables, at an exchange
 * simulator over HTTP and a real DynamoDB engine; AWS's Lambda service is played, and delivers twice. What
 * came of it is asked of the exchange.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SECRET_HEADER } from '../../services/telegram-bot/gate.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { VARIABLES } from '../../shared/config/deployment.ts';
import { loadKeyless } from '../../shared/config/keyless.ts';
import { formatMoney } from '../../shared/core/units.ts';
import type { Store } from '../../shared/ports/store.ts';
import { type IsolatedBundle, isolatedBundle } from '../deploy/isolated.ts';
import { type Deployed, OWNER, startDeployed, TELEGRAM } from '../support/deployed.ts';
import { hasDynoxide, noticeWithoutDynoxide } from '../support/dynoxide.ts';
import {
  type FunctionUrlHandler,
  type LambdaHost,
  startLambdaHost,
} from '../support/lambda-host.ts';
import { type Invocation, invokeBundle, startLambdaService } from '../support/lambda-service.ts';
import type { LoopbackServer } from '../support/loopback-server.ts';
import { type Program, startNode } from '../support/processes.ts';
import { ACCOUNT, type RunningExchange, says, storyFolder } from '../support/sessions.ts';
import { messageUpdate, pressUpdate, type TelegramServer } from '../support/telegram-server.ts';

noticeWithoutDynoxide();

const KEY = { apiKey: ACCOUNT.key, apiSecret: ACCOUNT.secret };
const KEY_ARN = 'arn:aws:secretsmanager:eu-central-1:1:secret:trading-key';
const TIME_LIMIT_MS = 120_000;
/** Too little for a second try. */
const NO_TIME_LIMIT_MS = 50_000;
/** How whoever led tells that a flatten is done. */
const DONE = 'is done: no position, no open order';
const folder = storyFolder('emergency');

describe.skipIf(!hasDynoxide)('a flatten asked for by Telegram', () => {
  const bundles: IsolatedBundle[] = [];
  const invocations: Invocation[] = [];
  const programs: Program[] = [];
  let deployed: Deployed;
  let exchange: RunningExchange;
  let telegram: TelegramServer;
  let lambdas: LoopbackServer;
  let bot: LambdaHost;
  let trader: Program;
  let store: Store;
  let shared: Readonly<Record<string, string>>;

  beforeAll(async () => {
    deployed = await startDeployed((request) => (request.includes(KEY_ARN) ? KEY : TELEGRAM));
    ({ exchange, telegram, variables: shared } = deployed);
    lambdas = await startLambdaService((invocation) => void invocations.push(invocation));
    const variables = {
      ...shared,
      [VARIABLES.emergencyFunction]: 'emergency',
      AWS_ENDPOINT_URL_LAMBDA: lambdas.url,
    };
    for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
    for (const name of ['trader', 'telegram-bot', 'emergency'] as const) {
      bundles.push(await isolatedBundle(name));
    }
    const { handler }: { handler: FunctionUrlHandler } = await import(
      pathToFileURL(file('telegram-bot')).href
    );
    bot = await startLambdaHost(handler);
    store = openDynamoDbStores(loadKeyless(shared).table).store;
    trader = startTrader();
    await trader.line(says('fill'), 30_000);
  }, 60_000);
  afterAll(async () => {
    vi.unstubAllEnvs();
    for (const program of programs) await program.end('SIGKILL');
    for (const part of [bot, lambdas, deployed]) await part?.stop();
    await store?.close();
    for (const { remove } of bundles) remove();
  });

  const file = (name: 'trader' | 'telegram-bot' | 'emergency') =>
    bundles[['trader', 'telegram-bot', 'emergency'].indexOf(name)]?.file ?? '';

  function startTrader(): Program {
    const program = startNode([file('trader')], folder, {
      PATH: process.env.PATH ?? '',
      PLIMSOLL_HEALTH_FILE: join(folder, 'health.json'),
      ...shared,
    });
    programs.push(program);
    return program;
  }

  function deliver({ payload }: Invocation, timeLimitMs = TIME_LIMIT_MS): Program {
    const environment = { ...shared, [VARIABLES.tradingKeySecret]: KEY_ARN };
    const program = invokeBundle(file('emergency'), folder, {
      payload,
      timeLimitMs,
      environment,
    });
    programs.push(program);
    return program;
  }

  async function post(update: object): Promise<number> {
    const response = await fetch(bot.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [SECRET_HEADER]: TELEGRAM.webhookSecret },
      body: JSON.stringify(update),
    });
    return response.status;
  }

  /** The press of the button that a command is answered with; the trader's alerts come between. */
  async function asked(text: string): Promise<object> {
    await post(messageUpdate({ userId: OWNER, text, nowMs: Date.now() }));
    const data = telegram.calls.findLast(({ buttons }) => buttons.length > 0)?.buttons[0] ?? '';
    return pressUpdate({ userId: OWNER, data, nowMs: Date.now() });
  }

  /** `/flatten` and its button; the bot's answer. */
  async function flatten(): Promise<string> {
    const before = invocations.length;
    const press = await asked('/flatten');
    // Telegram, too, delivers twice at times.
    expect([await post(press), await post(press)]).toEqual([200, 200]);
    expect(invocations).toHaveLength(before + 1);
    return telegram.texts().findLast((text) => text.startsWith('HALTED')) ?? '';
  }

  const stops = async () =>
    (await exchange.judge.request('GET', '/fapi/v1/openAlgoOrders', {
      symbol: 'BTCUSDT',
    })) as unknown[];
  const outcomeOf = async (program: Program) => {
    expect(await program.ended, program.lines.join('\n')).toBe(0);
    return (JSON.parse(program.lines.at(-1) ?? '{}') as { outcome: string; text: string }).outcome;
  };

  test('is carried out where the trader was killed, by one of two deliveries', async () => {
    while ((await stops()).length === 0) await trader.line(says('candle'));
    await trader.end('SIGKILL');
    expect(Number(await exchange.judge.position())).not.toBe(0);
    const deadEpoch = (await store.heartbeat())?.epoch ?? 0;
    const before = new Set((await exchange.judge.orders()).map(({ orderId }) => orderId));

    const answer = await flatten();
    expect(answer).toContain('The emergency function is looking, too');
    const [invocation] = invocations as [Invocation];
    expect(invocation.functionName).toBe('emergency');
    const outcomes = await Promise.all([deliver(invocation), deliver(invocation)].map(outcomeOf));
    // The other finds it done by who leads, or leads after it, with nothing left to send.
    expect(outcomes).toContain('flat');
    for (const outcome of outcomes) expect(['byTrader', 'flat']).toContain(outcome);

    expect(Number(await exchange.judge.position())).toBe(0);
    expect(await exchange.judge.openOrders()).toEqual([]);
    expect(await stops()).toEqual([]);
    const exits = (await exchange.judge.orders()).filter(({ orderId }) => !before.has(orderId));
    expect(exits.length).toBeGreaterThan(0);
    const recorded = new Map(
      (await store.orders()).map(({ intent }) => [intent.request.clientOrderId, intent]),
    );
    for (const { clientOrderId, reduceOnly } of exits) {
      expect(reduceOnly).toBe(true);
      expect(recorded.get(clientOrderId)?.epoch).toBe(deadEpoch + 1);
    }
    const account = await store.account();
    expect(account?.position).toBe(0);
    expect(formatMoney(account?.walletBalance ?? (0 as never))).toBe(await exchange.judge.wallet());
    expect(await store.openOrders()).toEqual([]);
    expect((await store.tradingState()).state).toBe('halted');

    const { text } = await telegram.message((call) => call.text.includes('FLAT, by the exchange'));
    expect(text).toMatch(
      /exit: (sell|buy) [\d.]+ at [\d.]+ or better \(p-sim-.+\): filled [\d.]+ at/,
    );
    expect(text).toMatch(/cancel of stop p-sim-/);
    expect(telegram.violations).toEqual([]);
  }, 90_000);

  test('leaves a restarted trader halted, flat and in agreement with the exchange', async () => {
    trader = startTrader();
    await trader.line(says('session', 'reconciled with the exchange: position 0.000'), 30_000);
    await trader.line(says('signal'));
    expect(Number(await exchange.judge.position())).toBe(0);
    expect((await store.tradingState()).state).toBe('halted');
  }, 60_000);

  test('is left to a trader that leads', async () => {
    await post(await asked('/resume'));
    await trader.line(says('fill'), 30_000);
    const epoch = (await store.heartbeat())?.epoch;
    const told = telegram.texts().filter((text) => text.includes(DONE)).length;
    await flatten();
    // A trader that is done within two seconds leaves it nothing to wait for.
    const outcome = await outcomeOf(deliver(invocations.at(-1) as Invocation));
    expect(['byTrader', 'notWanted']).toContain(outcome);
    await expect
      .poll(() => telegram.texts().filter((text) => text.includes(DONE)).length, {
        timeout: 10_000,
      })
      .toBe(told + 1);
    expect(Number(await exchange.judge.position())).toBe(0);
    const exits = (await store.orders()).filter(({ intent }) => intent.purpose === 'flatten');
    expect(exits.at(-1)?.intent.epoch).toBe(epoch);
    expect((await store.heartbeat())?.epoch).toBe(epoch);
    expect(await trader.end()).toBe(0);
  }, 60_000);

  test('fails where the exchange cannot be reached, so that Lambda tries again', async () => {
    await exchange.stop();
    await flatten();
    const program = deliver(invocations.at(-1) as Invocation, NO_TIME_LIMIT_MS);
    expect(await program.ended).toBe(1);
    expect(program.lines.join('\n')).toContain('NotFlatError');
    const { text } = await telegram.message((call) => call.text.includes('NOT DONE'));
    expect(text).toContain('close the position at market');
    expect(await store.operatorRequests()).toHaveLength(1);
  }, 60_000);

  test('says nothing secret', () => {
    const text = programs.flatMap(({ lines }) => lines).join('\n');
    expect(text).toContain('"event":"emergency"');
    for (const secret of [KEY.apiKey, KEY.apiSecret, TELEGRAM.botToken]) {
      expect(text).not.toContain(secret);
    }
  });
});
