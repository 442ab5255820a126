/**
 * Carries out a flatten that is on record where no trader leads: the trader's own session, without a
 * strategy, takes the lead, closes and ends. It has no way to an order but that session's. Whether a trader
 * lives is decided by the lease alone, watched as any contender watches it.
 */
import { clientOrderIdPrefix } from '../../../shared/config/build-engine.ts';
import type { EffectiveConfiguration } from '../../../shared/config/load.ts';
import type { Severity } from '../../../shared/core/command.ts';
import { BY_HAND, type EmergencyRequest } from '../../../shared/operation/emergency.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { Notifier } from '../../../shared/ports/notifier.ts';
import { type Store, StoreUnavailableError } from '../../../shared/ports/store.ts';
import { AlertDelivery } from '../alert-delivery.ts';
import type { Presenter } from '../presenter.ts';
import { type SessionParts, type SessionResult, TradingSession } from '../session.ts';
import { StoreWriter } from '../store-writer.ts';
import { ExitRecord } from './exit-record.ts';

/** What one session needs and closes at its end. */
export type SessionMeans = Pick<
  SessionParts,
  'store' | 'exchange' | 'createMarketData' | 'isRealTime' | 'loopLagMs'
>;

export interface EmergencyServices {
  readonly configuration: EffectiveConfiguration;
  readonly clock: Clock;
  /** Stays open: sessions bring their own. */
  readonly store: Store;
  readonly notifiers: readonly Notifier[];
  readonly presenter: Presenter;
  /** Of which sources this program was made, for the heartbeat. */
  readonly build: string;
  /** Names this process in the lease, and no other: two deliveries of one event are two processes. */
  readonly owner: string;
  /** Anew for each session. What EXPECTED names is told and tried again, anything else thrown on. */
  readonly openSession: () => Promise<SessionMeans>;
}

/**
 * `flat`: done while leading here, and the exchange says so. `notWanted`: the request is not on record (any more).
 * `byTrader`: a trader leads and has done it. `leftToTrader`: one leads, and it is not done yet.
 * `resumed`: a person has resumed trading since. `failed`: something may be left.
 */
export interface EmergencyResult {
  readonly outcome: 'flat' | 'notWanted' | 'byTrader' | 'leftToTrader' | 'resumed' | 'failed';
  /** As told to the person; empty where there was nothing to tell. */
  readonly text: string;
}

const LOOK_MS = 1_000;
const RETRY_MS = 10_000;
/** A trader that leads closes within seconds; one that has not by now is a person's to look after. */
const LEFT_AFTER_MS = 60_000;
/** A session that is told to end settles what is in flight, reads the account and tells what is left. */
const ENDING_MS = 45_000;

/** Runs until the request is carried out, somebody else is to do it, or time is up. Throws StoreUnavailableError. */
export function runEmergencyFlatten(
  services: EmergencyServices,
  { id, timeLimitMs }: EmergencyRequest & { readonly timeLimitMs: number },
): Promise<EmergencyResult> {
  return new EmergencyFlatten(services, { id, timeLimitMs }).run();
}

type Ending = 'done' | 'resumed' | 'traderLeads' | 'timeUp';

class EmergencyFlatten {
  readonly #services: EmergencyServices;
  readonly #id: string;
  readonly #deadlineMs: number;
  readonly #record = new ExitRecord();
  readonly #startedMs: number;
  /** Why the last session did not do it. */
  #failure = 'time was up';

  constructor(
    services: EmergencyServices,
    { id, timeLimitMs }: { id: string; timeLimitMs: number },
  ) {
    this.#services = services;
    this.#id = id;
    this.#startedMs = services.clock.monotonicMs();
    this.#deadlineMs = this.#startedMs + timeLimitMs - ENDING_MS;
  }

  async run(): Promise<EmergencyResult> {
    const { clock } = this.#services;
    if (!(await this.#isOnRecord())) return { outcome: 'notWanted', text: '' };
    if (await this.#isResumed()) return this.#end('resumed', 'warning', [RESUMED]);
    for (;;) {
      const result = await this.#attempt();
      if (result) return result;
      if (clock.monotonicMs() + RETRY_MS >= this.#deadlineMs) {
        return this.#end('failed', 'critical', [
          `NOT DONE as far as is known: ${this.#failure}`,
          BY_HAND,
        ]);
      }
      await this.#tell('trying', 'critical', [
        `not done yet: ${this.#failure}. It is tried again for ${this.#minutesLeft} min.`,
        BY_HAND,
      ]);
      await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
    }
  }

  /** One session; null where another may do better. */
  async #attempt(): Promise<EmergencyResult | null> {
    try {
      const session = new TradingSession({
        ...this.#services,
        ...(await this.#services.openSession()),
        journalDirectory: null,
        isExitOnly: true,
        observe: (view) => this.#record.observe(view),
      });
      const watch = this.#watch(session);
      const result = await session.run().finally(() => watch.stop());
      return await this.#judge(result, watch.ending());
    } catch (error) {
      const { name, message } = error as Error;
      if (!EXPECTED.has(name)) throw error;
      this.#failure = message;
      return null;
    }
  }

  /** Ends the session once nothing is left for it to do, or no time to do it in. */
  #watch(session: TradingSession): { stop(): void; ending(): Ending | null } {
    const { clock } = this.#services;
    let isStopped = false;
    let ending: Ending | null = null;
    const look = async () => {
      ending = await this.#endingOf(session);
      if (ending !== null) session.requestStop();
      else if (!isStopped) clock.after(LOOK_MS, start);
    };
    const start = () => {
      if (!isStopped) look().catch((error: Error) => session.fail(error.message));
    };
    start();
    return {
      stop: () => {
        isStopped = true;
      },
      ending: () => ending,
    };
  }

  async #endingOf({ leaseAgeMs }: TradingSession): Promise<Ending | null> {
    const nowMs = this.#services.clock.monotonicMs();
    if (nowMs >= this.#deadlineMs) return 'timeUp';
    if (leaseAgeMs === null && nowMs - this.#startedMs >= LEFT_AFTER_MS) return 'traderLeads';
    try {
      if (!(await this.#isOnRecord())) return 'done';
      return (await this.#isResumed()) ? 'resumed' : null;
    } catch (error) {
      // The session holds by itself meanwhile, and the next look may be answered.
      if (!(error instanceof StoreUnavailableError)) throw error;
      return null;
    }
  }

  async #judge(
    { summary, snapshot, failure }: SessionResult,
    ending: Ending | null,
  ): Promise<EmergencyResult | null> {
    if (ending === 'resumed') return this.#end('resumed', 'warning', [RESUMED]);
    if (!summary && ending === 'done') {
      return this.#end('byTrader', 'notice', [
        'another process leads, and has carried out the flatten itself: nothing was done here.',
      ]);
    }
    if (!summary && ending === 'traderLeads') {
      return this.#end('leftToTrader', 'critical', [
        'another process leads, so nothing was done here; but it has not carried out the flatten within a minute. Look at /health.',
        BY_HAND,
      ]);
    }
    const prefix = `${clientOrderIdPrefix(this.#services.configuration)}-`;
    const ours = snapshot?.openOrders.filter(({ clientOrderId: id }) => id.startsWith(prefix));
    const left = snapshot
      ? `the exchange shows a position of ${summary?.exchange?.position} and ${ours?.length} orders of ours, stops among them`
      : 'the exchange could not be asked at the end';
    if (!summary || ending !== 'done') {
      this.#failure = `${failure ?? 'time was up'}; ${left}`;
      return null;
    }
    if (snapshot?.position === 0 && ours?.length === 0) {
      return this.#end('flat', 'notice', [
        'FLAT, by the exchange’s own word: no position, none of our orders or stops left. Trading is halted.',
      ]);
    }
    return this.#end('failed', 'critical', [
      `closed by our own books, NOT KNOWN TO BE FLAT: ${left}.`,
      BY_HAND,
    ]);
  }

  /** Tells the person, and sees to it where no trader would deliver it. */
  async #end(
    outcome: EmergencyResult['outcome'],
    severity: Severity,
    lines: readonly string[],
  ): Promise<EmergencyResult> {
    return { outcome, text: await this.#tell(outcome, severity, lines) };
  }

  /** Once under each name, however often the function runs for this request. */
  async #tell(name: string, severity: Severity, lines: readonly string[]): Promise<string> {
    const { store, clock, notifiers, presenter } = this.#services;
    const text = ['Emergency flatten:', ...lines, ...this.#record.lines()].join('\n');
    const key = `emergency-${this.#id}-${name}`;
    await store.addNotification({ key, topic: 'state', severity, text, timeMs: clock.now() });
    // A trader that leads delivers what is in the outbox; twice said is once too often.
    if (name !== 'byTrader' && name !== 'leftToTrader') {
      const writer = new StoreWriter(clock, () => undefined);
      const onFailure = (notifier: string, { message }: Error) =>
        presenter.notify({
          timeMs: clock.now(),
          topic: 'session',
          severity: 'warning',
          text: `${notifier} did not take the report: ${message}`,
        });
      await new AlertDelivery({ store, writer, notifiers, onFailure }).run();
    }
    return text;
  }

  get #minutesLeft(): number {
    return Math.ceil((this.#deadlineMs - this.#services.clock.monotonicMs()) / 60_000);
  }

  async #isOnRecord(): Promise<boolean> {
    const requests = await this.#services.store.operatorRequests();
    return requests.some(({ id }) => id === this.#id);
  }

  async #isResumed(): Promise<boolean> {
    return (await this.#services.store.tradingState()).state !== 'halted';
  }
}

const RESUMED = 'nothing more is done: somebody has resumed trading since. Look at /positions.';
/** What passes by itself, or that a person must be told of. */
const EXPECTED: ReadonlySet<string> = new Set([
  'ConfigurationError',
  'ExchangeError',
  'SecretError',
  'StoreUnavailableError',
]);
