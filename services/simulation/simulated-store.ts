/**
 * The store as one process reaches it: over a wire that can be slow, refuse, or lose the answer to a
 * write that was made. What it commits is also written to a log that only the checker reads.
 */
import type { Intent, OrderRecord } from '../../shared/core/trading/order.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';
import type { Faults } from './faults.ts';
import type { SimulatedProcess } from './process.ts';
import type { World } from './world.ts';

/** What was committed, in the order it was. */
export interface CommitLog {
  intent(intent: Intent, atMs: TimeMs): void;
  order(order: OrderRecord, atMs: TimeMs): void;
  tradingState(state: string, by: string, atMs: TimeMs): void;
}

/** Shared by all processes: an outage is the store's. */
export class StoreHealth {
  readonly #world: World;
  #downUntilMs = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get isDown(): boolean {
    return this.#world.nowMs < this.#downUntilMs;
  }

  failFor(durationMs: number): void {
    this.#downUntilMs = this.#world.nowMs + durationMs;
  }
}

/** Calls that only look: they answer at once, or fail in an outage. */
const READS: ReadonlySet<keyof Store> = new Set<keyof Store>([
  'openOrders',
  'orders',
  'fills',
  'payments',
  'account',
  'decision',
  'tradingState',
  'candles',
  'pendingNotifications',
  'operatorRequests',
  'heartbeat',
]);
/** Written every few seconds whatever happens: most are spared, or they would drown the rest. */
const FREQUENT: ReadonlySet<keyof Store> = new Set<keyof Store>(['saveHeartbeat', 'renewLease']);
const FREQUENT_SPARED = 19;

type Method = (...args: unknown[]) => Promise<unknown>;

const WRITE_MS = 2;
const TIMEOUT_MS = 2_000;

export function simulatedStore(parts: {
  store: Store;
  world: World;
  process: SimulatedProcess;
  faults: Faults;
  health: StoreHealth;
  log: CommitLog;
}): Store {
  const { store, world, process, faults, health, log } = parts;
  let frequent = 0;

  const unavailable = (why: string) => () => {
    throw new StoreUnavailableError(why);
  };

  const read = (call: () => Promise<unknown>): Promise<unknown> => {
    if (!health.isDown) return process.ask((answer) => void call().then((v) => answer(() => v)));
    return process.ask((answer) => world.after(TIMEOUT_MS, () => answer(unavailable('outage'))));
  };

  const write = (name: keyof Store, call: () => Promise<unknown>): Promise<unknown> =>
    process.ask((answer) => {
      const commit = async (then: (value: unknown) => void) => then(await call());
      if (health.isDown) return world.after(TIMEOUT_MS, () => answer(unavailable('outage')));
      if (FREQUENT.has(name) && frequent++ % (FREQUENT_SPARED + 1) !== 0) {
        return void commit((value) => answer(() => value));
      }
      if (faults.strikes('storeThrottled')) {
        return world.after(WRITE_MS, () => answer(unavailable('throttled')));
      }
      const isLost = faults.strikes('storeTimeoutApplied');
      const delayMs = faults.strikes('storeSlow') ? world.random.between(200, 3_000) : WRITE_MS;
      world.after(delayMs, () => {
        void commit((value) => {
          if (isLost) world.after(TIMEOUT_MS, () => answer(unavailable('no answer')));
          else world.after(WRITE_MS, () => answer(() => value));
        });
      });
    });

  const logged: Partial<Store> = {
    recordIntent: async (intent) => {
      faults.atOrder(process);
      const result = await store.recordIntent(intent);
      if (result.ok) log.intent(intent, world.nowMs);
      return result;
    },
    save: async (epoch, changes) => {
      const isSaved = await store.save(epoch, changes);
      if (isSaved && changes.order) log.order(changes.order, world.nowMs);
      return isSaved;
    },
    setTradingState: async (record) => {
      const isSet = await store.setTradingState(record);
      if (isSet) log.tradingState(record.state, record.by, world.nowMs);
      return isSet;
    },
  };

  const wired = (property: keyof Store): Method => {
    const method = (logged[property] ?? store[property].bind(store)) as Method;
    if (property === 'close') return method;
    if (READS.has(property)) return (...args) => read(() => method(...args));
    return (...args) => write(property, () => method(...args));
  };
  const methods = new Map<string | symbol, Method>();
  return new Proxy(store, {
    get(_, property) {
      const known = methods.get(property) ?? wired(property as keyof Store);
      methods.set(property, known);
      return known;
    },
  });
}
