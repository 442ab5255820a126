/**
 * Takes alerts from the store's outbox to the notifiers, oldest first. An alert leaves the outbox when
 * every notifier has taken it, so one that was written before a crash is delivered after it.
 */
import type { Notifier } from '../../shared/ports/notifier.ts';
import type { OutboxItem, Store } from '../../shared/ports/store.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { StoreWriter } from './store-writer.ts';

const AT_ONCE = 20;

export class AlertDelivery {
  readonly #store: Store;
  readonly #writer: StoreWriter;
  readonly #notifiers: readonly Notifier[];
  readonly #onFailure: (notifier: string, error: Error) => void;
  #isRunning = false;
  #isWanted = false;

  constructor(options: {
    store: Store;
    writer: StoreWriter;
    notifiers: readonly Notifier[];
    /** A notifier did not take an item; it is offered again at the next `run`. */
    onFailure: (notifier: string, error: Error) => void;
  }) {
    this.#store = options.store;
    this.#writer = options.writer;
    this.#notifiers = options.notifiers;
    this.#onFailure = options.onFailure;
  }

  /** Delivers what is waiting. A call during a run makes it look once more. */
  async run(): Promise<void> {
    this.#isWanted = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        await this.#deliverPending();
      }
    } catch (error) {
      // What is in the outbox stays there until the store is back.
      if (!(error instanceof StoreUnavailableError)) throw error;
    } finally {
      this.#isRunning = false;
    }
  }

  async #deliverPending(): Promise<void> {
    const items = await this.#writer.read(() => this.#store.pendingNotifications(AT_ONCE));
    for (const item of items) {
      if (!(await this.#deliver(item))) return;
      await this.#writer.read(() => this.#store.notificationDelivered(item.id));
    }
    if (items.length === AT_ONCE) this.#isWanted = true;
  }

  async #deliver(item: OutboxItem): Promise<boolean> {
    for (const notifier of this.#notifiers) {
      try {
        await notifier.deliver(item);
      } catch (error) {
        this.#onFailure(notifier.name, error as Error);
        return false;
      }
    }
    return true;
  }
}
