/**
 * The Lambdas of a deployment: the reconciler and the margin alert on their schedules, the bot at each
 * update. They are invoked twice, and overlap.
 */

import type { Update } from 'grammy/types';
import {
  type ControlTables,
  createMemoryControlStore,
} from '../../shared/adapters/memory/control-store.ts';
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import type { EmergencyStarter } from '../../shared/operation/emergency.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import type { Store } from '../../shared/ports/store.ts';
import { runMarginAlert } from '../margin-alert/run.ts';
import { createExchangeWitness } from '../reconciler/exchange-witness.ts';
import { runReconciler } from '../reconciler/run.ts';
import { createBot } from '../telegram-bot/bot.ts';
import { SECRET_HEADER } from '../telegram-bot/gate.ts';
import { receive } from '../telegram-bot/webhook.ts';
import type { ExchangeHost } from './exchange-host.ts';
import { exchangeReader } from './exchange-reader.ts';
import type { FaultSource } from './faults.ts';
import { type FunctionEvent, Invocations, isExpected } from './invocations.ts';
import type { SimulatedProcess } from './process.ts';
import type { StoreHealth } from './remote.ts';
import { type CommitLog, simulatedControlStore, simulatedStore } from './simulated-store.ts';
import { OPERATOR_ID, SimulatedTelegram, type TelegramWatch } from './telegram.ts';
import { Wire } from './wire.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;
/** As the functions are deployed: how often, and how long they may take. */
const RECONCILER = {
  name: 'reconciler',
  everyMs: 5 * MINUTE_MS,
  timeoutMs: 90_000,
  againMs: 30_000,
} as const;
const MARGIN_ALERT = {
  name: 'margin-alert',
  everyMs: MINUTE_MS,
  timeoutMs: 30_000,
  againMs: 30_000,
} as const;
const BOT = { name: 'bot', timeoutMs: 30_000 } as const;
const SECRET = 'simulated-webhook-secret';

export interface LambdaParts {
  readonly world: World;
  readonly faults: FaultSource;
  readonly host: ExchangeHost;
  readonly store: Store;
  readonly controlTables: ControlTables;
  readonly health: StoreHealth;
  readonly log: CommitLog;
  readonly watch: TelegramWatch;
  readonly configuration: EffectiveConfiguration;
  readonly emergency: EmergencyStarter;
  /** A function threw what it may not. */
  readonly onFailure: (what: string) => void;
}

type Schedule = typeof RECONCILER | typeof MARGIN_ALERT;
type Body = (process: SimulatedProcess, event: FunctionEvent) => Promise<unknown>;

export class Lambdas {
  readonly telegram: SimulatedTelegram;
  readonly #parts: LambdaParts;
  readonly #random;
  readonly #invocations: Invocations;
  #nonces = 0;

  constructor(parts: LambdaParts) {
    this.#parts = parts;
    const { world, faults, watch } = parts;
    this.#random = world.random.split('lambdas');
    this.#invocations = new Invocations({ ...parts, random: this.#random });
    this.telegram = new SimulatedTelegram({
      world,
      faults,
      watch,
      webhook: (u) => this.#update(u),
    });
    this.#every(RECONCILER, (process, event) => this.#reconcile(process, event));
    this.#every(MARGIN_ALERT, (process, event) => this.#alert(process, event));
  }

  #every(schedule: Schedule, body: Body): void {
    const { world, faults } = this.#parts;
    world.after(schedule.everyMs, () => {
      this.#every(schedule, body);
      const id = new Date(world.nowMs).toISOString();
      const { name } = schedule;
      const run = (event: string) => void this.#invocations.deliver(schedule, event, body);
      run(id);
      if (faults.strikes('lambdaTwice')) world.after(this.#random.between(0, 5_000), () => run(id));
      if (faults.strikes('lambdaOverlap')) {
        world.after(this.#random.between(0, 5_000), () => run(`${id} ${name} by hand`));
      }
    });
  }

  /** What every function has: the stores, and its own clock. */
  #services(process: SimulatedProcess) {
    const { world, faults, health, log, store, controlTables } = this.#parts;
    const remote = { world, process, faults, health, log, random: this.#random };
    const control = createMemoryControlStore(controlTables);
    return {
      store: simulatedStore({ ...remote, store }),
      control: simulatedControlStore({ ...remote, control }),
      clock: process.clock,
      log: () => undefined,
    };
  }

  #reader(process: SimulatedProcess) {
    const { world, faults, host } = this.#parts;
    const wire = new Wire({ world, process, host, faults, random: this.#random });
    return exchangeReader(host, wire, process.clock);
  }

  #reconcile(process: SimulatedProcess, event: FunctionEvent) {
    return runReconciler(
      {
        ...this.#services(process),
        limits: LIVE_LIMITS,
        build: 'simulated',
        openWitness: async (instrument) => createExchangeWitness(this.#reader(process), instrument),
        measure: () => undefined,
      },
      event,
    );
  }

  #alert(process: SimulatedProcess, event: FunctionEvent) {
    return runMarginAlert(
      {
        ...this.#services(process),
        markPrice: async () => {
          try {
            const { mark, fundingRateE8, nextFundingMs } =
              await this.#reader(process).premiumIndex();
            return { mark, source: 'exchange', fundingRateE8, nextFundingMs };
          } catch (error) {
            if (!(error instanceof ExchangeError)) throw error;
            return null;
          }
        },
        channels: async () => [this.telegram.notifier(process)],
      },
      event,
    );
  }

  /** The webhook: true where the bot has taken the update. */
  async #update(update: Update): Promise<boolean> {
    let statusCode = 0;
    await this.#invocations.invoke(BOT, async (process) => {
      const { configuration, emergency, onFailure } = this.#parts;
      const bot = createBot({
        ...this.#services(process),
        now: process.clock.now,
        configuration,
        version: 'simulated',
        build: 'simulated',
        unreadable: null,
        deployment: 'simulated',
        charts: null,
        botToken: '1:simulated',
        allowedUserIds: [OPERATOR_ID],
        newNonce: () => `nonce-${++this.#nonces}`,
        callApi: this.telegram.api(process),
        emergency,
      });
      const headers = { [SECRET_HEADER]: SECRET, 'content-type': 'application/json' };
      const body = JSON.stringify(update);
      const request = { method: 'POST', headers, body, isBase64: false };
      const onError = (error: Error) => {
        const cause = (error as { error?: Error }).error ?? error;
        if (!isExpected(cause)) onFailure(`${process.name}: ${cause.stack ?? cause.message}`);
      };
      ({ statusCode } = await receive(request, { bot, webhookSecret: SECRET }, onError));
    });
    return statusCode === 200;
  }
}
