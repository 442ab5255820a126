/**
 * Goal: a pause of the contract is told by stream and by exchangeInfo alike, and only what reduces is taken.
 * Method: the fault at the exchange simulator, told facts and refusals against it.
 */
import { expect, it } from 'vitest';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import { startRig } from './rig.ts';

it('a contract that is paused refuses entries, lets exits through, and says so, twice', async () => {
  const rig = await startRig();
  const told = () =>
    rig.told.flatMap(({ fact }) => (fact.kind === 'contractStatus' ? [fact.status] : []));
  expect(await rig.client.placeOrder(rig.order('taken'))).toMatchObject({ status: 'filled' });
  expect(rig.client.contractStatus().status).toBe('TRADING');

  rig.faults.arm('contract-paused');
  await rig.until(() => told().length === 1, 2_000);
  expect(told()).toEqual(['PRE_SETTLE']);
  expect((await rig.client.readContract()).status.status).toBe('PRE_SETTLE');
  const refused = await rig.client.placeOrder(rig.order('taken')).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ExchangeError);
  expect(refused).toMatchObject({ kind: 'rejected', code: -4140 });
  const { position } = await rig.client.accountSnapshot();
  const bid = rig.told.flatMap(({ fact }) => (fact.kind === 'book' ? [fact.bid] : [])).at(-1) ?? 0;
  const exit = rig.order('taken', { reduceOnly: true });
  const sold = await rig.client.placeOrder({
    ...exit,
    request: { ...exit.request, side: 'sell', lots: position, price: (bid - 500) as never },
  });
  expect(sold).toMatchObject({ status: 'filled', reduceOnly: true });

  await rig.until(() => told().length === 2, 121_000);
  expect(told()).toEqual(['PRE_SETTLE', 'TRADING']);
  expect(await rig.client.placeOrder(rig.order('taken'))).toMatchObject({ status: 'filled' });
});
