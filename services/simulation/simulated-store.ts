/** The stores as one process reaches them. What they commit is also written to a log that only the checker reads. */
import type { TradingStateRecord } from '../../shared/core/event.ts';
import type { Intent, OrderRecord } from '../../shared/core/trading/order.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { Lease, OperatorRequest, OutboxItem, Store } from '../../shared/ports/store.ts';
import type { Faults } from './faults.ts';
import { type Calls, type RemoteParts, remote } from './remote.ts';

/** What was committed, in the order it was. */
export interface CommitLog {
  intent(intent: Intent, atMs: TimeMs): void;
  order(order: OrderRecord, atMs: TimeMs): void;
  tradingState(change: TradingStateRecord, atMs: TimeMs): void;
  notification(item: Omit<OutboxItem, 'id'>, atMs: TimeMs): void;
  /** A leader has taken or renewed its lease. */
  lease(lease: Lease, atMs: TimeMs): void;
  leaseReleased(): void;
  operatorRequest(request: OperatorRequest, atMs: TimeMs): void;
}

/** A lease, the other's looks at it, and its own beginning. */
const FROZEN_MS = 12_000;

const STORE_CALLS: Calls<Store> = {
  reads: new Set<keyof Store>([
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
  ]),
  frequent: new Set<keyof Store>(['saveHeartbeat', 'renewLease']),
};

const CONTROL_CALLS: Calls<ControlStore> = {
  reads: new Set<keyof ControlStore>(['note', 'newest', 'isClaimed']),
  frequent: new Set(),
};

interface StoreParts extends RemoteParts {
  readonly store: Store;
  readonly log: CommitLog;
}

/** As a trader reaches it: the moments around a write of an intent are those to be killed or halted in. */
export function traderStore(
  parts: StoreParts & {
    readonly faults: Faults;
    /** Somebody halts trading just now. */
    readonly halt: () => Promise<void>;
    /** Another trader is started just now. */
    readonly another: () => void;
  },
): Store {
  const { store, faults, process, world, random, halt, another } = parts;
  const logged = loggedCalls(parts);
  return remote(
    store,
    {
      ...logged,
      // Called as it is committed: the trader is told a moment later.
      recordIntent: async (intent) => {
        faults.atOrder(process);
        const moment = () => random.between(0, 3);
        const freeze = () => world.after(moment(), () => process.pause(FROZEN_MS));
        if (faults.strikes('haltAtOrder')) {
          if (random.chance(500)) freeze();
          if (random.chance(500)) await halt();
          else world.after(moment(), () => void halt());
        }
        if (faults.strikes('takeoverAtOrder')) {
          another();
          freeze();
        }
        return logged.recordIntent(intent);
      },
    },
    STORE_CALLS,
    parts,
  );
}

/** As anybody else reaches it. */
export function simulatedStore(parts: StoreParts): Store {
  return remote(parts.store, loggedCalls(parts), STORE_CALLS, parts);
}

export function simulatedControlStore(parts: RemoteParts & { control: ControlStore }) {
  return remote(parts.control, {}, CONTROL_CALLS, parts);
}

function loggedCalls({ store, log, world }: StoreParts) {
  return {
    async recordIntent(intent) {
      const result = await store.recordIntent(intent);
      if (result.ok) log.intent(intent, world.nowMs);
      return result;
    },
    async acquireLease(owner, observed) {
      const taken = await store.acquireLease(owner, observed);
      if (taken.held) log.lease(taken.lease, world.nowMs);
      return taken;
    },
    async renewLease(lease) {
      const renewed = await store.renewLease(lease);
      if (renewed) log.lease(renewed, world.nowMs);
      return renewed;
    },
    async releaseLease(lease) {
      await store.releaseLease(lease);
      log.leaseReleased();
    },
    async save(epoch, changes) {
      const isSaved = await store.save(epoch, changes);
      if (isSaved && changes.order) log.order(changes.order, world.nowMs);
      return isSaved;
    },
    async setTradingState(record) {
      const isSet = await store.setTradingState(record);
      if (isSet) log.tradingState(record, world.nowMs);
      return isSet;
    },
    async addNotification(item) {
      await store.addNotification(item);
      log.notification(item, world.nowMs);
    },
    async requestOperator(request) {
      await store.requestOperator(request);
      log.operatorRequest(request, world.nowMs);
    },
  } satisfies Partial<Store>;
}
