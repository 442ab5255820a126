/**
 * The Lambdas of a deployment, each invocation in a process of its own: the reconciler and the margin
 * alert on their schedules, the bot at each update. They are invoked twice, overlap, start slowly, and
 * die half way.
 */

import type { Update } from 'grammy/types';
import {
  type ControlTables,
  createMemoryControlStore,
} from '../../shared/adapters/memory/control-store.ts';
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import { LIVE_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import { TimeLimitError } from '../../shared/operation/guarded-run.ts';
import { ExchangeError } from '../../shared/ports/exchange.ts';
import { type Store, StoreUnavailableError } from '../../shared/ports/store.ts';
import { runMarginAlert } from '../margin-alert/run.ts';
import { createExchangeWitness } from '../reconciler/exchange-witness.ts';
import { runReconciler } from '../reconciler/run.ts';
import { createBot } from '../telegram-bot/bot.ts';
import { SECRET_HEADER } from '../telegram-bot/gate.ts';
import { receive } from '../telegram-bot/webhook.ts';
import type { ExchangeHost } from './exchange-host.ts';
import { exchangeReader } from './exchange-reader.ts';
import type { FaultSource } from './faults.ts';
import { Moments } from './moments.ts';
import { SimulatedProcess } from './process.ts';
import type { StoreHealth } from './remote.ts';
import { type CommitLog, simulatedControlStore, simulatedStore } from './simulated-store.ts';
import { OPERATOR_ID, SimulatedTelegram, type TelegramWatch } from './telegram.ts';
import { Wire } from './wire.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;
/** As the functions are deployed: how often, how long they may take, and what of that is left to their last writes. */
const RECONCILER = { name: 'reconciler', everyMs: 5 * MINUTE_MS, timeoutMs: 90_000 } as const;
const MARGIN_ALERT = { name: 'margin-alert', everyMs: MINUTE_MS, timeoutMs: 30_000 } as const;
const BOT_TIMEOUT_MS = 30_000;
const MARGIN_MS = 5_000;
/** How often a failed event is tried again, and when. */
const TRIES = 2;
const TRY_AGAIN_MS = 30_000;
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
  /** A function threw what it may not. */
  readonly onFailure: (what: string) => void;
}

type Schedule = typeof RECONCILER | typeof MARGIN_ALERT;
type Body = (
  process: SimulatedProcess,
  event: { id: string; timeLimitMs: number },
) => Promise<unknown>;

export class Lambdas {
  readonly telegram: SimulatedTelegram;
  readonly #parts: LambdaParts;
  readonly #random;
  readonly #moments: Moments;
  #invocations = 0;
  #nonces = 0;

  constructor(parts: LambdaParts) {
    this.#parts = parts;
    const { world, faults, watch } = parts;
    this.#random = world.random.split('lambdas');
    // Steps of its own: crashes at chosen steps are the trader's.
    this.#moments = new Moments(world, [], () => undefined);
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
      const run = (event: string) => void this.#try(schedule, event, body, 1);
      run(id);
      if (faults.strikes('lambdaTwice')) world.after(this.#random.between(0, 5_000), () => run(id));
      if (faults.strikes('lambdaOverlap')) {
        world.after(this.#random.between(0, 5_000), () => run(`${id} ${name} by hand`));
      }
    });
  }

  /** An event whose invocation failed is delivered again. */
  async #try(schedule: Schedule, id: string, body: Body, tries: number): Promise<void> {
    const { name, timeoutMs } = schedule;
    const event = { id, timeLimitMs: timeoutMs - MARGIN_MS };
    const isDone = await this.#invoke(name, timeoutMs, (process) => body(process, event));
    if (isDone || tries > TRIES) return;
    const { world } = this.#parts;
    world.after(TRY_AGAIN_MS, () => void this.#try(schedule, id, body, tries + 1));
  }

  /** One invocation; false where it failed, died or took too long. */
  #invoke(
    name: string,
    timeoutMs: number,
    body: (process: SimulatedProcess) => Promise<unknown>,
  ): Promise<boolean> {
    const { world, faults, onFailure } = this.#parts;
    this.#invocations += 1;
    return new Promise((resolve) => {
      const process = new SimulatedProcess(world, {
        name: `${name}-${this.#invocations}`,
        wallErrorMs: this.#random.between(-80, 80),
        moments: this.#moments,
        onDeath: () => resolve(false),
      });
      const startMs = faults.strikes('lambdaSlow')
        ? this.#random.between(1_000, 9_000)
        : this.#random.between(5, 50);
      const lifeMs = faults.strikes('lambdaTimeout') ? this.#random.between(1, 400) : timeoutMs - 1;
      world.after(startMs + lifeMs, () => process.kill());
      world.after(startMs, () => {
        if (process.isDead) return;
        body(process).then(
          () => resolve(true),
          (error: Error) => {
            if (!isExpected(error)) onFailure(`${process.name}: ${error.stack ?? error.message}`);
            resolve(false);
          },
        );
      });
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
    return exchangeReader(host, new Wire({ world, process, host, faults, random: this.#random }));
  }

  #reconcile(process: SimulatedProcess, event: { id: string; timeLimitMs: number }) {
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

  #alert(process: SimulatedProcess, event: { id: string; timeLimitMs: number }) {
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
    await this.#invoke('bot', BOT_TIMEOUT_MS, async (process) => {
      const { configuration, onFailure } = this.#parts;
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

/** What a function may fail with: its event is then delivered again. */
function isExpected(error: Error): boolean {
  return error instanceof StoreUnavailableError || error instanceof TimeLimitError;
}
