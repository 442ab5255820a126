/**
 * What an emergency session did, in words for the person who asked: orders sent and what they filled at,
 * orders canceled. Watches; decides nothing.
 */
import type { Command } from '../../../shared/core/command.ts';
import type { Engine } from '../../../shared/core/engine.ts';
import type { Event } from '../../../shared/core/event.ts';
import type { Instrument } from '../../../shared/core/instrument.ts';
import type { Intent } from '../../../shared/core/trading/order.ts';
import type { Lots, Ticks } from '../../../shared/core/units.ts';
import type { SessionObserver, SessionView } from '../session.ts';

interface Sent {
  readonly text: string;
  /** Of the fills, by trade: one may be told twice. */
  readonly fills: Map<string, { readonly lots: Lots; readonly price: Ticks }>;
  /** What the exchange said where it did not take the order. */
  answer: string | null;
}

export class ExitRecord {
  readonly #sent = new Map<string, Sent>();
  readonly #canceled = new Map<string, string>();
  #instrument: Instrument | null = null;

  /** Watches one session; what earlier ones did stays in the record. */
  observe({ engine }: SessionView): SessionObserver {
    return {
      onEvent: (event) => this.#onEvent(event),
      onCommand: (command) => this.#onCommand(command, engine),
      stop: () => undefined,
    };
  }

  /** A line an order, oldest first; empty where nothing was done. */
  lines(): string[] {
    const sent = [...this.#sent].map(
      ([id, { text, ...order }]) => `${text} (${id}): ${this.#outcome(order)}`,
    );
    const canceled = [...this.#canceled].map(([id, what]) => `cancel of ${what} ${id}`);
    return [...sent, ...canceled];
  }

  #onCommand(command: Command, engine: Engine): void {
    if (command.kind === 'placeOrder') {
      const { instrument } = engine;
      this.#instrument = instrument;
      const { clientOrderId } = command.intent.request;
      const text = described(command.intent, instrument);
      this.#sent.set(clientOrderId, { text, fills: new Map(), answer: null });
    } else if (command.kind === 'cancelOrder') {
      const { clientOrderId, orderClass } = command;
      this.#canceled.set(clientOrderId, orderClass === 'stop' ? 'stop' : 'order');
    }
  }

  #onEvent(event: Event): void {
    if (event.kind === 'fill') {
      const { clientOrderId, tradeId, lots, price } = event.fill;
      this.#sent.get(clientOrderId)?.fills.set(tradeId, { lots, price });
    } else if (event.kind === 'orderRejected') {
      this.#answered(event.clientOrderId, `refused: ${event.message}`);
    } else if (event.kind === 'orderUnknown') {
      this.#answered(event.clientOrderId, 'no answer; asked after, not sent again');
    }
  }

  #answered(clientOrderId: string, answer: string): void {
    const sent = this.#sent.get(clientOrderId);
    if (sent) sent.answer = answer;
  }

  #outcome({ fills, answer }: Omit<Sent, 'text'>): string {
    const trades = [...fills.values()];
    const lots = trades.reduce((sum, fill) => sum + fill.lots, 0) as Lots;
    if (!this.#instrument || lots === 0) return answer ?? 'nothing filled';
    const mean = trades.reduce((sum, fill) => sum + fill.lots * fill.price, 0) / lots;
    const price = this.#instrument.formatPrice(Math.round(mean) as Ticks);
    return `filled ${this.#instrument.formatQuantity(lots)} at ${price} on average`;
  }
}

function described({ request, purpose }: Intent, instrument: Instrument): string {
  const { side, lots, price, stopPrice } = request;
  const limit = price === null ? 'at market' : `at ${instrument.formatPrice(price)} or better`;
  const terms = stopPrice === undefined ? limit : `stop at ${instrument.formatPrice(stopPrice)}`;
  const what = purpose === 'protect' ? 'protect' : 'exit';
  return `${what}: ${side} ${instrument.formatQuantity(lots)} ${terms}`;
}
