/**
 * What is known of stops while they wait and after: which regular order a triggered stop has become.
 * The exchange gives that order an id of its own, and whether it carries the stop's client id is not
 * documented. Here both are one order: everything said of the second is told under the stop's client id.
 *
 * The link is learnt from whatever names it first: an algo update or answer (`ai`, actualOrderId), or an
 * order event that carries a stop's client id. An event that comes before either, under a client id of
 * its own, is passed on as it is; the stop's next report then names its exchange id.
 */
import type { ExchangeOrderStatus, OrderReport } from '../../core/trading/order.ts';
import type { Lots } from '../../core/units.ts';

/** Statuses of the Algo Service; see `statusOf`. */
export const ALGO_STATUSES = [
  'NEW',
  'TRIGGERING',
  'TRIGGERED',
  'FINISHED',
  'CANCELED',
  'REJECTED',
  'EXPIRED',
] as const;
export type AlgoStatus = (typeof ALGO_STATUSES)[number];

/** A conditional order as an answer or an update tells of it. */
export interface StopNews extends Omit<OrderReport, 'status' | 'exchangeOrderId'> {
  readonly algoId: string;
  readonly status: AlgoStatus;
  /** The regular order it has become; null as long as that is not told. */
  readonly orderId: string | null;
}

interface KnownStop {
  readonly algoId: string;
  readonly orderId: string | null;
  readonly report: OrderReport;
}

/** Far more than wait at a time: the oldest, long ended, are forgotten. */
const KEPT = 500;

export class StopLinks {
  readonly #stops = new Map<string, KnownStop>();
  readonly #clientIdOf = new Map<string, string>();

  /** The report of a stop. What was known of its order before is never unsaid by late news. */
  report(news: StopNews): OrderReport {
    const { algoId, orderId: named, status, ...rest } = news;
    const before = this.#stops.get(news.clientOrderId);
    const known = before?.algoId === algoId ? before : null;
    const orderId = named ?? known?.orderId ?? null;
    const executedLots = Math.max(rest.executedLots, known?.report.executedLots ?? 0) as Lots;
    const report: OrderReport = {
      ...rest,
      executedLots,
      exchangeOrderId: orderId ?? `algo:${algoId}`,
      status: statusOf(status, { lots: rest.lots, executedLots }),
    };
    this.#keep({ algoId, orderId, report });
    return report;
  }

  /** A stop's last report; null where nothing was ever said of it. */
  last(clientOrderId: string): OrderReport | null {
    return this.#stops.get(clientOrderId)?.report ?? null;
  }

  /** A fill or report of a regular order, under the stop's client id where it came of a stop. */
  attribute<T extends { readonly clientOrderId: string; readonly exchangeOrderId: string }>(
    said: T,
  ): T {
    const linked = this.#clientIdOf.get(said.exchangeOrderId);
    if (linked !== undefined) return { ...said, clientOrderId: linked };
    const stop = this.#stops.get(said.clientOrderId);
    if (stop && stop.orderId === null) {
      const { exchangeOrderId } = said;
      this.#keep({
        ...stop,
        orderId: exchangeOrderId,
        report: { ...stop.report, exchangeOrderId },
      });
    }
    return said;
  }

  /** As `attribute`; keeps what has been executed, for the stop's own reports to come. */
  attributeReport(said: OrderReport): OrderReport {
    const report = this.attribute(said);
    const stop = this.#stops.get(report.clientOrderId);
    if (stop && report.executedLots > stop.report.executedLots) {
      const { executedLots } = report;
      this.#keep({ ...stop, report: { ...stop.report, executedLots } });
    }
    return report;
  }

  #keep(stop: KnownStop): void {
    const { clientOrderId } = stop.report;
    this.#stops.set(clientOrderId, stop);
    if (stop.orderId !== null) this.#clientIdOf.set(stop.orderId, clientOrderId);
    for (const map of [this.#stops, this.#clientIdOf]) {
      const [oldest] = map.keys();
      if (map.size > KEPT && oldest !== undefined) map.delete(oldest);
    }
  }
}

/**
 * A stop that has triggered is still at work: its order is. FINISHED says only that this has ended; a
 * market order that ends short of its quantity has expired. One that closes whatever position there is
 * has no quantity: anything fills it.
 */
function statusOf(
  status: AlgoStatus,
  { lots, executedLots }: { lots: Lots; executedLots: Lots },
): ExchangeOrderStatus {
  switch (status) {
    case 'NEW':
    case 'TRIGGERING':
    case 'TRIGGERED':
      return executedLots > 0 ? 'partiallyFilled' : 'open';
    case 'FINISHED':
      return executedLots > 0 && executedLots >= lots ? 'filled' : 'expired';
    case 'CANCELED':
      return 'canceled';
    case 'REJECTED':
      return 'rejected';
    case 'EXPIRED':
      return 'expired';
  }
}
