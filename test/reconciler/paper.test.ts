/**
 * Goal: as a Lambda, beside a trader on paper, the reconciler finds nothing while all is well and a position
 * that is not its own within one run, by the paper exchange's own books; what it does is what an operator
 * may, and what it logs holds no secret. Method: the trader as a program, a real DynamoDB engine,
 * the handler itself.
 */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { handler } from '../../services/reconciler/handler.ts';
import { openDynamoDbStores } from '../../shared/adapters/dynamodb/store.ts';
import { itemKey } from '../../shared/adapters/dynamodb/table.ts';
import { VARIABLES } from '../../shared/config/deployment.ts';
import type { Store } from '../../shared/ports/store.ts';
import {
  type Dynoxide,
  hasDynoxide,
  noticeWithoutDynoxide,
  startDynoxide,
} from '../support/dynoxide.ts';
import { type Program, startPlimsoll } from '../support/processes.ts';
import { type RunningExchange, says, startExchange, storyFolder } from '../support/sessions.ts';
import { allowedCalls, recordTableCalls } from '../support/table-calls.ts';
import { Doctor } from './support.ts';

const KEY = { environment: 'paper', account: 'main', instrument: 'BTCUSDT' };
const folder = storyFolder('reconciler-paper');

noticeWithoutDynoxide();
describe.skipIf(!hasDynoxide)('beside a trader on paper', () => {
  let engine: Dynoxide;
  let exchange: RunningExchange;
  let trader: Program;
  let store: Store;
  let doctor: Doctor;
  const logged: string[] = [];
  const calls = new Set<string>();
  let events = 0;

  beforeAll(async () => {
    engine = await startDynoxide();
    exchange = await startExchange();
    trader = startPlimsoll(
      [
        ...['trade', '--mode', 'paper', '--exchange', exchange.url, '--interval', '1s', '--json'],
        ...['--store', `dynamodb:${engine.endpoint}`],
        ...['--strategy', 'SmaCrossover', '--param', 'fastWindow=1', '--param', 'slowWindow=2'],
      ],
      folder,
    );
    const place = { endpoint: engine.endpoint, tableName: 'plimsoll', key: KEY };
    ({ store } = openDynamoDbStores(place));
    doctor = new Doctor(place);
    for (const [name, value] of Object.entries({
      PLIMSOLL_MODE: 'paper',
      PLIMSOLL_STORE: `dynamodb:${engine.endpoint}`,
      [VARIABLES.deployment]: 'test',
      AWS_SECRET_ACCESS_KEY: 'canary-aws-secret',
    })) {
      vi.stubEnv(name, value);
    }
    vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
      logged.push(String(line));
      return true;
    });
    await trader.line(says('fill'), 30_000);
    await store.open();
  });

  afterAll(async () => {
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
    await trader.end('SIGKILL');
    await exchange.stop();
    await store.close();
    doctor.close();
    await engine.stop();
  });

  async function run() {
    const recorded = recordTableCalls();
    events += 1;
    const time = `event ${events}`;
    try {
      const context = { awsRequestId: time, getRemainingTimeInMillis: () => 60_000 };
      return await handler({ time }, context);
    } finally {
      recorded.stop();
      for (const call of recorded.calls) calls.add(call);
    }
  }

  it('finds nothing while it trades', async () => {
    for (let i = 0; i < 5; i++) {
      expect(await run()).toMatchObject({ outcome: 'compared', differences: [] });
    }
  });

  it('finds a position that is not the paper exchange’s, and counts it', {
    timeout: 30_000,
  }, async () => {
    expect(await trader.end(), trader.lines.slice(-10).join('\n')).toBe(0);
    await doctor.change(itemKey.account, (record) => ({
      ...record,
      position: record.position + 1,
    }));
    expect(await run()).toMatchObject({
      outcome: 'compared',
      differences: [{ key: 'position' }],
      newlyFound: 1,
    });
    const metrics = logged
      .filter((line) => line.includes('"_aws"'))
      .map((line) => JSON.parse(line));
    expect(metrics.at(-1)).toMatchObject({ Deployment: 'test', Mismatches: 1 });
    const told = await store.pendingNotifications(100);
    expect(told.at(-1)?.text).toMatch(/position\n {2}store {11}.*\n {2}paper exchange {2}/);
  });

  it('calls what an operator may, and logs no secret', () => {
    const allowed: ReadonlySet<string> = allowedCalls('operator');
    expect([...calls].filter((call) => !allowed.has(call))).toEqual([]);
    expect(calls.size).toBeGreaterThan(3);
    expect(logged.join('')).toContain('"event":"reconciled"');
    expect(logged.join('')).not.toContain('canary');
  });
});
