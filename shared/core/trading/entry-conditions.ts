/**
 * Controls of an entry that ask whether now is a moment to enter: room at the touch, leverage and gross
 * orders after it, funding about to be paid, too many round trips. Pure, as `validateOrder` is, of which
 * this is a part. Each comparison asks for the proof that the order is allowed, so that NaN refuses.
 */
import type { Money, Ticks } from '../units.ts';
import type { ProposedOrder, Refusal, RiskContext } from './risk-context.ts';

const PPM = 1_000_000;
/** What fills at once must lie at the best price: the feed tells no more of the book than its touch. */
export function depth({ request }: ProposedOrder, context: RiskContext): Refusal {
  const there = request.side === 'buy' ? context.askLots : context.bidLots;
  const needed = request.lots * context.limits.touchDepthMin;
  if (there !== null && there >= needed) return null;
  return { reason: 'depth', detail: `${there} lots at the touch, ${needed} wanted` };
}

/** Nothing opens around the moment funding is paid, nor while that moment is not known. */
export function fundingBlackout(context: RiskContext): Refusal {
  const { markPrice, exchangeMs, lastFundingMs, limits } = context;
  const ms = limits.fundingBlackoutMs;
  if (ms === 0) return null;
  const next = markPrice?.nextFundingMs ?? 0;
  const isBefore = next - exchangeMs >= ms;
  const isAfter = exchangeMs - (lastFundingMs ?? 0) >= ms;
  if (isBefore && isAfter) return null;
  const detail = isAfter
    ? `funding is paid within ${ms / 1000} s, or nobody says when`
    : `funding was paid within the last ${ms / 1000} s`;
  return { reason: 'fundingBlackout', detail };
}

/** Leverage of the worst position, and all that waits to open, in shares of `equity`. */
export function leverage(
  context: RiskContext,
  worst: {
    readonly positionNotional: Money;
    readonly openedNotional: Money;
    readonly price: Ticks;
  },
): Refusal {
  const { equity, exposure, instrument, limits } = context;
  const whole = equity ?? Number.NaN;
  const times = worst.positionNotional / whole;
  if (!(times * PPM <= limits.effectiveLeverageMaxPpm)) {
    return { reason: 'effectiveLeverage', detail: `${times.toFixed(2)} times equity` };
  }
  const waiting =
    instrument.notional(worst.price, exposure.buy) +
    instrument.notional(worst.price, exposure.sell);
  const gross = (waiting + worst.openedNotional) / whole;
  if (!(gross * PPM <= limits.openOrderNotionalMaxPpm)) {
    return { reason: 'openOrderNotional', detail: `${(gross * 100).toFixed(1)} % of equity` };
  }
  return null;
}

/** An order that begins a trip, from flat or by turning around, may be one too many. */
export function roundTrips({ request }: ProposedOrder, context: RiskContext): Refusal {
  const { activity, limits, nowMs, position } = context;
  const after = position + (request.side === 'buy' ? request.lots : -request.lots);
  if (Math.sign(after) === Math.sign(position)) return null;
  const within = (windowMs: number, most: number, window: string): Refusal =>
    activity.roundTrips.isBelow(most, nowMs, windowMs)
      ? null
      : { reason: 'roundTripRate', detail: `${most} round trips in ${window}` };
  return (
    within(600_000, limits.roundTripsPer10MinutesMax, '10 minutes') ??
    within(86_400_000, limits.roundTripsPerDayMax, 'a day')
  );
}
