/**
 * Fills and funding gathered into round trips: from the fill that opens a position to the one that closes or turns
 * it. A fill that turns a position closes one trip and opens the next; its fee is split by lots.
 */
import type { FundingPayment, RunFill } from '../accounting/ledger.ts';

/** Profit net of fees and funding, in 1e-8 USDT. */
export interface RoundTrip {
  readonly openBar: number;
  readonly closeBar: number;
  /** 1 long, -1 short. */
  readonly direction: 1 | -1;
  readonly net: number;
}

export interface RoundTrips {
  readonly closed: readonly RoundTrip[];
  /** Bars at whose close a position was held, of all `length` bars. */
  readonly barsHeld: number;
}

/** `fills` and `funding` oldest first; `length` is the number of bars of the run. */
export function roundTrips(
  { fills, funding }: { fills: readonly RunFill[]; funding: readonly FundingPayment[] },
  length: number,
): RoundTrips {
  const closed: RoundTrip[] = [];
  let open: { bar: number; direction: 1 | -1; net: number } | null = null;
  let position = 0;
  let barsHeld = 0;
  let payment = 0;
  for (const fill of fills) {
    payment = addPayments({ funding, from: payment, fill, position }, open);
    const { bar, lots, fee, realised, positionAfter } = fill;
    const opened = Math.sign(positionAfter);
    let openingFee = fee;
    if (open && opened !== open.direction) {
      const closing = Math.min(Math.abs(position), Math.abs(lots));
      openingFee = fee - (fee * closing) / Math.abs(lots);
      const net: number = open.net + realised - (fee - openingFee);
      closed.push({ openBar: open.bar, closeBar: bar, direction: open.direction, net });
      barsHeld += bar - open.bar;
      open = null;
    }
    if (open) open.net += realised - fee;
    else if (opened !== 0) open = { bar, direction: opened > 0 ? 1 : -1, net: -openingFee };
    position = positionAfter;
  }
  return { closed, barsHeld: open ? barsHeld + length - open.bar : barsHeld };
}

/** Books the payments before `fill` on the open trip; `position` is what was held before it. Returns the next one. */
function addPayments(
  due: { funding: readonly FundingPayment[]; from: number; fill: RunFill; position: number },
  open: { net: number } | null,
): number {
  const { funding, fill, position } = due;
  let next = due.from;
  for (;;) {
    const payment = funding[next];
    if (!payment || payment.bar > fill.bar) return next;
    // Within the fill's bar the position it was paid on tells a payment before the fill from one after it.
    if (payment.bar === fill.bar && payment.position !== position) return next;
    if (open) open.net += payment.amount;
    next += 1;
  }
}
