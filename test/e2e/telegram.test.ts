/**
 * Goal: a trader is halted and flattened from a phone. Method: the bundles as they are deployed, each in an
 * empty folder: the trader as a program at an exchange simulator, over a real DynamoDB engine; the bot's Lambda behind a function URL, with its secret from a
 * secrets manager, both on loopback; updates posted as Telegram posts them. What came of it is asked of
 * the exchange, and compared with the store.
 */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { SECRET_HEADER } from '../../services/telegram-bot/gate.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
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
import { type Program, startNode } from '../support/processes.ts';
import { type RunningExchange, says, storyFolder } from '../support/sessions.ts';
import { messageUpdate, pressUpdate, type TelegramServer } from '../support/telegram-server.ts';

noticeWithoutDynoxide();

const ACT_WITHIN_MS = 2_000;
const folder = storyFolder('telegram');

describe.skipIf(!hasDynoxide)('the trader as it is deployed, steered by Telegram', () => {
  const bundles: IsolatedBundle[] = [];
  let deployed: Deployed;
  let exchange: RunningExchange;
  let telegram: TelegramServer;
  let bot: LambdaHost;
  let trader: Program;
  let store: Store;
  const log: string[] = [];

  beforeAll(async () => {
    deployed = await startDeployed();
    const { variables: shared } = deployed;
    ({ exchange, telegram } = deployed);
    for (const [name, value] of Object.entries(shared)) vi.stubEnv(name, value);
    const [traderBundle, botBundle] = await Promise.all([
      isolatedBundle('trader'),
      isolatedBundle('telegram-bot'),
    ]);
    bundles.push(traderBundle, botBundle);
    const { handler }: { handler: FunctionUrlHandler } = await import(
      pathToFileURL(botBundle.file).href
    );
    bot = await startLambdaHost(async (event) => {
      const write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
        log.push(String(text));
        return true;
      });
      return handler(event).finally(() => write.mockRestore());
    });
    store = openDynamoDbStores(loadKeyless(shared).table).store;
    trader = startNode([traderBundle.file], folder, {
      PATH: process.env.PATH ?? '',
      PLIMSOLL_HEALTH_FILE: join(folder, 'health.json'),
      ...shared,
    });
    await trader.line(says('fill'), 30_000);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await trader?.end('SIGKILL');
    for (const part of [bot, deployed]) await part?.stop();
    await store?.close();
    for (const { remove } of bundles) remove();
  });

  async function post(update: object): Promise<number> {
    const response = await fetch(bot.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [SECRET_HEADER]: TELEGRAM.webhookSecret },
      body: JSON.stringify(update),
    });
    return response.status;
  }

  const say = (text: string) => post(messageUpdate({ userId: OWNER, text, nowMs: Date.now() }));

  /** Resolves with the first line from now on that `matches`. */
  async function next(matches: (line: string) => boolean): Promise<string> {
    const seen = trader.lines.length;
    return trader.line((line) => trader.lines.lastIndexOf(line) >= seen && matches(line));
  }

  /** The newest answer of a kind: the trader's alerts come between. */
  const answer = (kind: RegExp) => telegram.calls.findLast(({ text }) => kind.test(text));

  test('answers what the trader holds', async () => {
    expect(await say('/positions')).toBe(200);
    const position = await exchange.judge.position();
    expect(answer(/No position|^(Long|Short) /)?.text).toMatch(
      Number(position) === 0 ? /No position/ : /^(Long|Short) BTCUSDT/,
    );
  });

  test('halts: told once committed, obeyed within 2 s, nothing more opens', async () => {
    const told = next(says('state', 'trading is halted'));
    expect(await say('/halt')).toBe(200);
    const committedMs = Date.now();
    expect(answer(/^HALTED/)?.text).toMatch(/^HALTED, committed at /);
    expect((await store.tradingState()).state).toBe('halted');
    await told;
    expect(Date.now() - committedMs).toBeLessThan(ACT_WITHIN_MS);
    const before = await exchange.judge.orders();
    await next(says('signal'));
    expect(await exchange.judge.orders()).toHaveLength(before.length);
  });

  test('is flat after /flatten and its button, at the exchange as in the store', async () => {
    expect(Number(await exchange.judge.position())).not.toBe(0);
    expect(await say('/flatten')).toBe(200);
    const question = answer(/Halt and close it at market\?/);
    expect(question).toBeDefined();
    const done = next(says('state', 'is done: no position'));
    const pressedMs = Date.now();
    expect(
      await post(
        pressUpdate({ userId: OWNER, data: question?.buttons[0] ?? '', nowMs: pressedMs }),
      ),
    ).toBe(200);
    await done;
    expect(Number(await exchange.judge.position())).toBe(0);
    expect(await exchange.judge.openOrders()).toEqual([]);
    const account = await store.account();
    expect(account?.position).toBe(0);
    expect(formatMoney(account?.walletBalance ?? (0 as never))).toBe(await exchange.judge.wallet());
    expect(await store.openOrders()).toEqual([]);
    expect(telegram.violations).toEqual([]);
    expect(await trader.end()).toBe(0);
  });

  test('says nothing secret in the bot’s log', () => {
    const text = log.join('');
    expect(text).toContain('"event":"halted"');
    expect(text).not.toContain(TELEGRAM.botToken);
    expect(text).not.toContain(TELEGRAM.webhookSecret);
  });
});
