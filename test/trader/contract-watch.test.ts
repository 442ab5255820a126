/** Goal: what the exchange changes of the contract is told soon, and asked for seldom. Method: a clock by hand. */
import { beforeEach, expect, it } from 'vitest';
import { ContractWatch } from '../../services/trader/contract-watch.ts';
import type { Lots, TimeMs } from '../../shared/core/units.ts';
import { type Contract, type ExchangeClient, ExchangeError } from '../../shared/ports/exchange.ts';
import { SPEC } from '../core/support.ts';
import { ManualClock } from '../support/manual-clock.ts';

const HOUR = 3_600_000;
const STATUS = { status: 'TRADING', deliveryMs: 4_133_404_800_000 as TimeMs };
const AS_BEFORE: Contract = { spec: SPEC, status: STATUS };

let clock: ManualClock;
let watch: ContractWatch;
let said: Contract | ExchangeError;
let asked = 0;
let posted: object[] = [];
let isHeld = false;

beforeEach(() => {
  clock = new ManualClock();
  said = AS_BEFORE;
  asked = 0;
  posted = [];
  isHeld = false;
  const exchange = {
    instrument: () => SPEC,
    contractStatus: () => STATUS,
    async readContract() {
      asked += 1;
      if (said instanceof ExchangeError) throw said;
      return said;
    },
  } as Partial<ExchangeClient> as ExchangeClient;
  watch = new ContractWatch({
    clock,
    exchange,
    post: (fact) => posted.push(fact),
    isHeld: () => isHeld,
  });
});

const pass = async (ms: number) => {
  clock.advance(ms);
  await watch.look();
};

it('is asked for every hour; limits are told where they changed, the state each time', async () => {
  await pass(HOUR - 1);
  expect(asked).toBe(0);
  await pass(1);
  expect(posted).toEqual([{ kind: 'contractStatus', ...STATUS }]);
  const spec = { ...SPEC, lotsMin: 5 as Lots };
  said = { spec, status: { ...STATUS, status: 'SETTLING' } };
  await pass(HOUR);
  await pass(HOUR);
  const settling = { kind: 'contractStatus', ...STATUS, status: 'SETTLING' };
  expect(posted.slice(1)).toEqual([{ kind: 'instrument', spec }, settling, settling]);
});

it('is asked for every minute while it holds entries', async () => {
  isHeld = true;
  await pass(59_999);
  expect(asked).toBe(0);
  await pass(1);
  await pass(60_000);
  expect(asked).toBe(2);
  isHeld = false;
  await pass(60_000);
  expect(asked).toBe(2);
});

it('is asked for after a refusal that a change would explain, every ten seconds at most', async () => {
  for (const code of [-2019, -2022, -1021, 0]) watch.refused(code);
  await pass(60_000);
  expect(asked).toBe(0);
  for (const code of [-1111, -4014, -4023, -4164, -4140]) {
    watch.refused(code);
    await pass(0);
    watch.refused(code);
    await pass(9_999);
    await pass(1);
  }
  // At once after the first, and ten seconds after that for the others.
  expect(asked).toBe(6);
  await pass(60_000);
  expect(asked).toBe(6);
});

it('is asked for again where the exchange could not be reached', async () => {
  said = new ExchangeError('unreachable', 'down');
  watch.refused(-4140);
  await pass(10_000);
  expect([asked, posted.length]).toEqual([1, 0]);
  said = AS_BEFORE;
  await pass(10_000);
  expect([asked, posted.length]).toEqual([2, 1]);
});
