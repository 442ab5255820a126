/** Once a minute something may happen to a process, the store, Telegram, or by a person's hand. */
import { type Lots, parseMoney, type Ticks } from '../../shared/core/units.ts';
import { ACCOUNT, type ExchangeHost } from './exchange-host.ts';
import type { Fault, Faults } from './faults.ts';
import type { Operator } from './operator.ts';
import type { StoreHealth } from './remote.ts';
import type { SimulatedTelegram } from './telegram.ts';
import type { Traders } from './traders.ts';
import type { World } from './world.ts';

const EVERY_MS = 60_000;
/** What somebody did to the account's orders and settings he undoes so much later. */
const TAKEN_BACK_MS = 30 * 60_000;

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
  /** As the trader set it; null until somebody changes it. */
  #leverage: number | null = null;

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
    const { world, host, traders, health, telegram, operator } = this.#parts;
    const between = (low: number, high: number) => world.random.between(low, high);
    return [
      ['kill', () => traders.anyone()?.kill()],
      ['pause', () => traders.anyone()?.pause(between(500, 30_000))],
      ['secondTrader', () => traders.start()],
      ['clockStep', () => traders.anyone()?.stepWallClock(between(-3_000, 3_000))],
      ['storeOutage', () => health.failFor(between(2_000, 120_000))],
      ['loopLag', () => traders.anyone()?.stall(between(300, 4_000))],
      ['exchangeRestart', () => host.restart(between(10_000, 120_000))],
      ['tradingPaused', () => host.pauseTrading(between(10_000, 120_000))],
      ['stopCanceled', () => host.cancelStops()],
      ['deleveraged', () => this.#deleverage()],
      ['manualClose', () => this.#closeByHand()],
      ['manualOrder', () => this.#orderByHand()],
      ['transfer', () => this.#transfer()],
      ['transferUntold', () => this.#transferUntold()],
      ['adjusted', () => host.adjust(parseMoney(String(between(1, 50))))],
      ['leverageChanged', () => this.#changeLeverage()],
      ['telegramDown', () => telegram.failFor(between(30_000, 1_200_000))],
      ['manualTrade', () => this.#tradeByHand()],
      ['operatorHalt', () => void operator.halt()],
      ['operatorFlatten', () => void operator.flatten()],
      ['containerGone', () => this.#loseContainer()],
    ];
  }

  /** For longer than a lease; somebody may see that nobody answers, and wants to be out. */
  #loseContainer(): void {
    const { world, traders, operator } = this.#parts;
    traders.goneFor(world.random.between(5 * EVERY_MS, 20 * EVERY_MS));
    if (!world.random.chance(700)) return;
    world.after(world.random.between(EVERY_MS / 2, 3 * EVERY_MS), () => void operator.flatten());
  }

  #transfer(): void {
    const { world, host } = this.#parts;
    host.venue.transfer(ACCOUNT, parseMoney(String(world.random.between(-2_000, 2_000))));
  }

  #transferUntold(): void {
    this.#parts.host.cutStreams();
    this.#transfer();
  }

  #deleverage(): void {
    const { venue } = this.#parts.host;
    const lots = Math.abs(venue.position(ACCOUNT).position);
    if (lots > 0) venue.deleverage(ACCOUNT, Math.ceil(lots / 2) as Lots);
  }

  #closeByHand(): void {
    const { world, host } = this.#parts;
    const { position } = host.venue.position(ACCOUNT);
    if (position === 0) return;
    world.note('somebody closes the position by hand');
    host.placeOrder({
      symbol: 'BTCUSDT',
      side: position > 0 ? 'SELL' : 'BUY',
      type: 'MARKET',
      quantity: host.instrument.formatQuantity(Math.abs(position) as Lots),
      reduceOnly: 'true',
      newClientOrderId: `web_${world.events}`,
    });
  }

  /** Far from the market; taken back later. */
  #orderByHand(): void {
    const { world, host } = this.#parts;
    const id = `web_${world.events}`;
    const price = Math.round((host.quote?.bid ?? 0) * 0.96) as Ticks;
    world.note('somebody leaves an order');
    host.placeOrder({
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      timeInForce: 'GTC',
      price: host.instrument.formatPrice(price),
      quantity: '0.005',
      newClientOrderId: id,
    });
    world.after(TAKEN_BACK_MS, () => {
      const isOpen = host.venue.openOrders(ACCOUNT).some((order) => order.clientOrderId === id);
      if (!isOpen) return;
      host.venue.cancelOrder(ACCOUNT, { symbol: 'BTCUSDT', origClientOrderId: id });
    });
  }

  #changeLeverage(): void {
    const { world, host } = this.#parts;
    this.#leverage ??= host.venue.position(ACCOUNT).leverage;
    const leverage = String(this.#leverage);
    host.venue.setLeverage(ACCOUNT, 'BTCUSDT', String(this.#leverage + 1));
    world.after(TAKEN_BACK_MS, () => host.venue.setLeverage(ACCOUNT, 'BTCUSDT', leverage));
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
