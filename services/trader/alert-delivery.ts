/**
 * Takes alerts from the store's outbox to the notifiers, oldest first. An alert leaves the outbox when
 * every notifier has taken it, so one that was written before a crash is delivered after it. A notifier
 * that fails holds up no other, gets nothing twice from us, and is tried less and less often.
 */
import type { Notifier } from '../../shared/ports/notifier.ts';
import type { OutboxItem, Store } from '../../shared/ports/store.ts';
import { StoreUnavailableError } from '../../shared/ports/store.ts';
import type { StoreWriter } from './store-writer.ts';

/** Enough that a notifier that is away for long does not keep new alerts from the others. */
const AT_ONCE = 200;
const SKIPPED_RUNS_MAX = 60;

export class AlertDelivery {
  readonly #store: Store;
  readonly #writer: StoreWriter;
  readonly #notifiers: readonly Notifier[];
  readonly #onFailure: (notifier: string, error: Error) => void;
  /** By alert in the outbox, who has taken it. */
  readonly #taken = new Map<string, Set<string>>();
  readonly #failing = new Map<string, { failures: number; skip: number }>();
  #running: Promise<void> | null = null;
  #isWanted = false;

  constructor(options: {
    store: Store;
    writer: StoreWriter;
    notifiers: readonly Notifier[];
    /** A notifier did not take an item; it is offered again at a later `run`. */
    onFailure: (notifier: string, error: Error) => void;
  }) {
    this.#store = options.store;
    this.#writer = options.writer;
    this.#notifiers = options.notifiers;
    this.#onFailure = options.onFailure;
  }

  /** Delivers what is waiting. A call during a run makes it look once more, and ends with it. */
  run(): Promise<void> {
    this.#isWanted = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        await this.#deliverPending();
      }
    } catch (error) {
      // What is in the outbox stays there until the store is back.
      if (!(error instanceof StoreUnavailableError)) throw error;
    } finally {
      this.#running = null;
    }
  }

  async #deliverPending(): Promise<void> {
    const items = await this.#writer.read(() => this.#store.pendingNotifications(AT_ONCE));
    // Also while nothing waits: an alert that comes later is not held up by a pause from before.
    const ready = this.#notifiers.filter(({ name }) => this.#isReady(name));
    if (items.length === 0) return;
    await Promise.all(ready.map((notifier) => this.#offer(notifier, items)));
    let delivered = 0;
    for (const { id } of items) {
      if ((this.#taken.get(id)?.size ?? 0) < this.#notifiers.length) continue;
      await this.#writer.read(() => this.#store.notificationDelivered(id));
      this.#taken.delete(id);
      delivered += 1;
    }
    if (items.length === AT_ONCE && delivered > 0) this.#isWanted = true;
  }

  /** Counts down the pause of a notifier that has failed; true once it is over. */
  #isReady(name: string): boolean {
    const failing = this.#failing.get(name);
    if (!failing || failing.skip === 0) return true;
    failing.skip -= 1;
    return false;
  }

  /** Offers what the notifier has not taken yet, until one fails. */
  async #offer(notifier: Notifier, items: readonly OutboxItem[]): Promise<void> {
    const { name } = notifier;
    const failing = this.#failing.get(name);
    for (const item of items) {
      const taken = this.#taken.get(item.id) ?? new Set();
      this.#taken.set(item.id, taken);
      if (taken.has(name)) continue;
      try {
        await notifier.deliver(item);
      } catch (error) {
        const failures = (failing?.failures ?? 0) + 1;
        this.#failing.set(name, {
          failures,
          skip: Math.min(2 ** (failures - 1) - 1, SKIPPED_RUNS_MAX),
        });
        this.#onFailure(name, error as Error);
        return;
      }
      taken.add(name);
      this.#failing.delete(name);
    }
  }
}
