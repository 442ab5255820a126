/**
 * The emergency function, as it is deployed: started by the bot, run in processes of its own, delivered
 * twice now and then, and again where it failed. It trades by the same means as a trader, under the same faults.
 */
import type { EffectiveConfiguration } from '../../shared/config/load.ts';
import type { EmergencyRequest, EmergencyStarter } from '../../shared/operation/emergency.ts';
import { runEmergencyFlatten } from '../trader/emergency/emergency-flatten.ts';
import type { EmergencyRules } from './emergency-rules.ts';
import type { FaultSource } from './faults.ts';
import { type FunctionEvent, Invocations, NotDoneError } from './invocations.ts';
import type { SimulatedProcess } from './process.ts';
import type { SimulatedTelegram } from './telegram.ts';
import type { Traders } from './traders.ts';
import type { World } from './world.ts';

const MINUTE_MS = 60_000;
const EMERGENCY = { name: 'emergency', timeoutMs: 10 * MINUTE_MS, againMs: MINUTE_MS } as const;

export interface EmergencyParts {
  readonly world: World;
  /** Of the function's host; trading has the traders' own. */
  readonly faults: FaultSource;
  readonly traders: Traders;
  readonly telegram: SimulatedTelegram;
  readonly watch: EmergencyRules;
  readonly configuration: EffectiveConfiguration;
  /** A function threw what it may not. */
  readonly onFailure: (what: string) => void;
}

export class Emergency implements EmergencyStarter {
  readonly #parts: EmergencyParts;
  readonly #random;
  readonly #invocations: Invocations;
  /** Since when each invocation that lives has run. */
  readonly #running = new Map<SimulatedProcess, number>();
  /** Positions closed, by its own word. */
  closed = 0;

  constructor(parts: EmergencyParts) {
    this.#parts = parts;
    this.#random = parts.world.random.split('emergency');
    this.#invocations = new Invocations({ ...parts, random: this.#random });
  }

  /** Since when one has run that lives, unpaused; null where none does. */
  runningSinceMs(): number | null {
    const living = [...this.#running].filter(([process]) => !process.isDead && !process.isPaused);
    return living.length === 0 ? null : Math.min(...living.map(([, sinceMs]) => sinceMs));
  }

  async start({ id }: EmergencyRequest): Promise<void> {
    const { world, faults } = this.#parts;
    const deliver = () =>
      void this.#invocations.deliver(EMERGENCY, id, (process, event) => this.#run(process, event));
    world.after(this.#random.between(20, 200), deliver);
    if (faults.strikes('lambdaTwice')) world.after(this.#random.between(0, 5_000), deliver);
  }

  async #run(process: SimulatedProcess, event: FunctionEvent): Promise<void> {
    const { world, traders, telegram, configuration, watch } = this.#parts;
    this.#running.set(process, world.nowMs);
    const { store } = traders.means(process);
    try {
      const { outcome } = await runEmergencyFlatten(
        {
          configuration,
          clock: process.clock,
          store,
          notifiers: [telegram.notifier(process)],
          presenter: {
            notify: ({ topic, text }) => world.note(`${process.name} ${topic}: ${text}`),
            summary: () => undefined,
          },
          build: 'simulated',
          owner: process.name,
          openSession: async () => traders.means(process),
        },
        event,
      );
      world.note(`${process.name} ends: ${outcome}`);
      if (outcome === 'flat') {
        this.closed += 1;
        watch.saidFlat(world.nowMs);
      }
      if (outcome === 'failed') throw new NotDoneError(outcome);
    } finally {
      this.#running.delete(process);
    }
  }
}
