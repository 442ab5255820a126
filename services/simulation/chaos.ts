/** Once a minute something may happen to a process, the store, Telegram, or by a person's hand. */
import type { ExchangeHost } from './exchange-host.ts';
import type { Fault, Faults } from './faults.ts';
import type { Operator } from './operator.ts';
import type { StoreHealth } from './remote.ts';
import type { SimulatedTelegram } from './telegram.ts';
import type { Traders } from './traders.ts';
import type { World } from './world.ts';

const EVERY_MS = 60_000;

export interface ChaosParts {
  readonly world: World;
  readonly faults: Faults;
  readonly host: ExchangeHost;
  readonly health: StoreHealth;
  readonly traders: Traders;
  readonly telegram: SimulatedTelegram;
  readonly operator: Operator;
}

export class Chaos {
  readonly #parts: ChaosParts;

  constructor(parts: ChaosParts) {
    this.#parts = parts;
  }

  start(): void {
    const { world, operator } = this.#parts;
    world.after(EVERY_MS, () => this.start());
    void operator.lookAfter();
    for (const [kind, happen] of this.#happenings) {
      if (!this.#parts.faults.strikes(kind)) continue;
      world.after(world.random.between(0, EVERY_MS), happen);
    }
  }

  /** What each kind does, in the order in which they are drawn. */
  get #happenings(): readonly (readonly [Fault, () => void])[] {
    const { world, traders, health, telegram, operator } = this.#parts;
    const between = (low: number, high: number) => world.random.between(low, high);
    return [
      ['kill', () => traders.anyone()?.kill()],
      ['pause', () => traders.anyone()?.pause(between(500, 30_000))],
      ['secondTrader', () => traders.start()],
      ['clockStep', () => traders.anyone()?.stepWallClock(between(-3_000, 3_000))],
      ['storeOutage', () => health.failFor(between(2_000, 120_000))],
      ['telegramDown', () => telegram.failFor(between(30_000, 1_200_000))],
      ['manualTrade', () => this.#tradeByHand()],
      ['operatorHalt', () => void operator.halt()],
      ['operatorFlatten', () => void operator.flatten()],
    ];
  }

  #tradeByHand(): void {
    const { world, host } = this.#parts;
    const isBuy = world.random.chance(500);
    world.note('somebody trades by hand');
    host.placeOrder({
      symbol: 'BTCUSDT',
      side: isBuy ? 'BUY' : 'SELL',
      type: 'MARKET',
      quantity: '0.005',
      newClientOrderId: `web_${world.events}`,
    });
  }
}
