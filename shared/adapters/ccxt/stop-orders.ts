/** Requests about stops: the exchange keeps them in a book of their own, with endpoints of their own. */
import type { binanceusdm } from 'ccxt';
import type { Instrument } from '../../core/instrument.ts';
import type { Intent, OrderReport } from '../../core/trading/order.ts';
import type { Ticks, TimeMs } from '../../core/units.ts';
import { CANCEL_RECV_WINDOW_MS, ExchangeError } from '../../ports/exchange.ts';
import type { StopLinks } from '../binance/stop-links.ts';
import { stopNews } from './algo-replies.ts';
import type { RequestKind } from './classify-error.ts';
import { stopParameters } from './order-requests.ts';
import type { Urgency } from './pacing.ts';
import { orderReport } from './replies.ts';
import { fieldsOf, listOf, MalformedReplyError, textField } from './wire.ts';

/** Runs requests of one kind; whatever fails throws ExchangeError. */
export type Ask = <T>(
  terms: { kind: RequestKind; urgency: Urgency },
  request: () => Promise<T>,
) => Promise<T>;

export interface StopOrdersContext {
  readonly ask: Ask;
  readonly links: StopLinks;
  /** Throws where there is no connection yet. */
  source(): { api: binanceusdm; instrument: Instrument; nowMs: number };
}

const ORDER_ABSENT = -2013;

export class StopOrders {
  readonly #context: StopOrdersContext;

  constructor(context: StopOrdersContext) {
    this.#context = context;
  }

  async place(intent: Intent, stopPrice: Ticks): Promise<OrderReport> {
    const { ask, source } = this.#context;
    const { api, instrument } = source();
    const { clientOrderId, reduceOnly } = intent.request;
    const stop = stopParameters(intent, stopPrice, instrument);
    return ask({ kind: 'place', urgency: reduceOnly ? 'protect' : 'open' }, async () =>
      this.#report(await api.fapiPrivatePostAlgoOrder(stop), clientOrderId),
    );
  }

  /** The answer names the stop and nothing more: the rest is what was last known of it. */
  async cancel(clientOrderId: string): Promise<OrderReport> {
    const { ask, links, source } = this.#context;
    const { api, nowMs } = source();
    await ask({ kind: 'cancel', urgency: 'protect' }, async () => {
      const stop = { clientAlgoId: clientOrderId, recvWindow: CANCEL_RECV_WINDOW_MS };
      const reply = await api.fapiPrivateDeleteAlgoOrder(stop);
      const named = textField(fieldsOf(reply, 'algo cancel'), 'clientAlgoId');
      if (named !== clientOrderId) throw mistaken(clientOrderId, named);
    });
    const known = links.last(clientOrderId) ?? (await this.query(clientOrderId));
    return { ...known, status: 'canceled', exchangeMs: nowMs as TimeMs };
  }

  /**
   * A stop, and once it has triggered the order it has become, which alone says what was executed.
   * Throws ExchangeError with code -2013 where there is no such stop.
   */
  async query(clientOrderId: string): Promise<OrderReport> {
    const { links, source } = this.#context;
    const { api, instrument } = source();
    const stop = await this.#read(async () =>
      this.#report(
        await api.fapiPrivateGetAlgoOrder({ clientAlgoId: clientOrderId }),
        clientOrderId,
      ),
    );
    const { exchangeOrderId: orderId } = stop;
    if (orderId.startsWith('algo:')) return stop;
    const { symbol } = instrument.spec;
    const order = await orAbsent(
      this.#read(async () =>
        links.attributeReport(
          orderReport(await api.fapiPrivateGetOrder({ symbol, orderId }), instrument),
        ),
      ),
    );
    return order ?? stop;
  }

  /** Those that wait. To be called within a read: what fails throws as it comes. */
  async open(): Promise<OrderReport[]> {
    const { links, source } = this.#context;
    const { api, instrument } = source();
    const { symbol } = instrument.spec;
    const rows = listOf(await api.fapiPrivateGetOpenAlgoOrders({ symbol }), 'openAlgoOrders');
    return rows.map((row) => links.report(stopNews(row, instrument)));
  }

  #read<T>(request: () => Promise<T>): Promise<T> {
    return this.#context.ask({ kind: 'read', urgency: 'read' }, request);
  }

  #report(reply: unknown, clientOrderId: string): OrderReport {
    const { links, source } = this.#context;
    const news = stopNews(reply, source().instrument);
    if (news.clientOrderId !== clientOrderId) throw mistaken(clientOrderId, news.clientOrderId);
    return links.report(news);
  }
}

/** null where the exchange says that the order does not exist. */
export async function orAbsent(asked: Promise<OrderReport>): Promise<OrderReport | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ExchangeError && error.code === ORDER_ABSENT) return null;
    throw error;
  }
}

export function mistaken(asked: string, got: string): MalformedReplyError {
  return new MalformedReplyError(`asked for ${asked}, got ${got}`);
}
