/** Goal: what is measured is what the exchange would say. Method: accounts worked out by hand. */
import { describe, expect, it } from 'vitest';
import { dayStartOf, type MarkPrice, measure } from '../../services/margin-alert/measure.ts';
import { type Lots, type Money, parseMoney, type TimeMs } from '../../shared/core/units.ts';
import { shownInstrument } from '../../shared/operation/trader-status.ts';
import { account, DAY, NOW, status, ticks } from './support.ts';

const instrument = shownInstrument(status())!;

function measured(price: number, of = account(), said = status()) {
  const mark: MarkPrice = {
    mark: ticks(price),
    source: 'exchange',
    fundingRateE8: 10_000,
    nextFundingMs: NOW,
  };
  return measure(of, said, mark, { instrument, dayStartEquity: parseMoney('20000') });
}

describe('measures at a mark price', () => {
  it('finds equity, margin ratio, loss and funding of a long', () => {
    // 1 BTC from 50,000 to 40,000: 10,000 lost of 20,000; maintenance 40,000 × 0.4 % = 160.
    expect(measured(40_000)).toEqual({
      position: 1_000,
      equity: parseMoney('10000'),
      marginRatioPpm: 16_000,
      // (20,000 − 50,000) ÷ (0.004 − 1) = 30,120.5.
      liquidationPrice: 301_205,
      liquidationDistancePpm: Math.round(((400_000 - 301_205) / 400_000) * 1_000_000),
      dailyLossPpm: 500_000,
      fundingCost: parseMoney('4'),
    });
  });

  it('counts the step of the table the trader is on', () => {
    const onThird = status({ maintenanceRatePpm: 10_000, maintenanceCum: '100.00000000' });
    // 40,000 × 1 % − 100 = 300 of 10,000.
    expect(measured(40_000, account(), onThird).marginRatioPpm).toBe(30_000);
  });

  it('is paid funding on a short, and loses as the price rises', () => {
    const short = account({ position: -1_000 as Lots, cost: parseMoney('-50000') });
    const { equity, fundingCost, dailyLossPpm, liquidationPrice } = measured(55_000, short);
    expect([equity, fundingCost]).toEqual([parseMoney('15000'), parseMoney('-5.5')]);
    expect(dailyLossPpm).toBe(250_000);
    expect(liquidationPrice).toBeGreaterThan(550_000);
  });

  it('knows no margin where the trader has not said the step, and no danger without a position', () => {
    const { maintenanceRatePpm: _, ...older } = status();
    expect(measured(40_000, account(), older)).toMatchObject({
      marginRatioPpm: null,
      liquidationPrice: null,
    });
    const flat = account({ position: 0 as Lots, cost: 0 as Money });
    expect(measured(40_000, flat)).toMatchObject({ marginRatioPpm: 0, liquidationPrice: null });
  });

  it('has liquidation where nothing is left', () => {
    expect(measured(29_000).marginRatioPpm).toBe(Number.POSITIVE_INFINITY);
  });

  it('takes the start of the day from the trader only where it lived to see it', () => {
    expect(dayStartOf(account(), NOW)).toBe(parseMoney('20000'));
    const yesterday = account({ dayStartMs: (DAY - 86_400_000) as TimeMs });
    expect(dayStartOf(yesterday, NOW)).toBeNull();
  });
});
