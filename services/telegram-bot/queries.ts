/** Answers to questions about a trader, from what its store holds. Changes nothing. */
import { type EffectiveConfiguration, masked } from '../../shared/config/load.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import type { OrderRecord } from '../../shared/core/trading/order.ts';
import {
  displayMoney,
  formatDecimal,
  type Money,
  parseMoney,
  type Ticks,
  type TimeMs,
} from '../../shared/core/units.ts';
import { mutedUntilMs } from '../../shared/operation/mute.ts';
import { readStatus } from '../../shared/operation/status.ts';
import { shownInstrument, traderStatus } from '../../shared/operation/trader-status.ts';
import type { ControlStore } from '../../shared/ports/control-store.ts';
import type { Heartbeat, Store } from '../../shared/ports/store.ts';
import { type Answer, duration, rows, utc } from './messages.ts';

export interface QueryParts {
  readonly store: Store;
  readonly control: ControlStore;
  readonly configuration: EffectiveConfiguration;
  /** Of the program and of where it runs, for /version. */
  readonly version: string;
  /** Of which sources this program is made. */
  readonly build: string;
  readonly deployment: string;
  readonly now: () => TimeMs;
}

export type Query = (parts: QueryParts, argument: string) => Promise<Answer>;

const UNKNOWN = 'not known';
/** A trader writes its heartbeat every second. */
const HEARTBEAT_AGE_MAX_MS = 10_000;
const ORDERS_SHOWN = 8;
const ALERTS_COUNTED_MAX = 50;
const PPM_PER_PERCENT = 10_000;

export const status: Query = async ({ store, now, build }) => {
  const { tradingState, account, orders, heartbeat, decision } = await readStatus(store);
  const of = traderStatus(heartbeat);
  const { state, reason, by, sinceMs } = tradingState;
  return {
    text: [
      `Trading is ${state}: ${reason} (by ${by}${sinceMs > 0 ? `, since ${utc(sinceMs)}` : ''})`,
      warningOf(heartbeat, build),
    ]
      .filter((line) => line !== '')
      .join('\n'),
    table: rows([
      ['trader', lastSeen(heartbeat, now())],
      ['strategy', `${of.strategy ?? '-'} on ${of.interval ?? '-'}`],
      ['holds', of.holds || 'none'],
      ['position', `${of.position ?? '-'} ${of.baseAsset ?? ''}`],
      ['target', decision ? `${decision.reason}` : 'no decision yet'],
      ['mark', of.markPrice ?? UNKNOWN],
      ['equity', usdt(of.equity)],
      ['today', today(account, of.equity)],
      ['orders', `${orders.length} open`],
    ]),
  };
};

export const positions: Query = async ({ store }) => {
  const [account, heartbeat] = await Promise.all([store.account(), store.heartbeat()]);
  const of = traderStatus(heartbeat);
  const instrument = shownInstrument(of);
  if (!account || !instrument) return { text: 'No trader has run yet: there is no position.' };
  if (account.position === 0) return { text: `No position in ${of.symbol}.` };
  const perLot = instrument.quantaPerTickLot;
  const entry = Math.round(account.cost / (account.position * perLot)) as Ticks;
  return {
    text: `${account.position > 0 ? 'Long' : 'Short'} ${of.symbol}`,
    table: rows([
      ['quantity', `${instrument.formatQuantity(account.position)} ${of.baseAsset}`],
      ['entry', instrument.formatPrice(entry)],
      ['mark', of.markPrice ?? UNKNOWN],
      ['unrealised', usdt(of.unrealizedPnl)],
      ['liquidation', of.liquidationPrice ?? 'none'],
      ['margin ratio', percentOfPpm(of.marginRatioPpm)],
      ['funding', funding(of.fundingRateE8, of.nextFundingMs)],
    ]),
  };
};

export const orders: Query = async ({ store }) => {
  const [all, open, heartbeat] = await Promise.all([
    store.orders(),
    store.openOrders(),
    store.heartbeat(),
  ]);
  const instrument = shownInstrument(traderStatus(heartbeat));
  if (all.length === 0 || !instrument) return { text: 'No orders yet.' };
  const openIds = new Set(open.map(({ intent }) => intent.request.clientOrderId));
  const done = all.filter(({ intent }) => !openIds.has(intent.request.clientOrderId));
  const list = (of: readonly OrderRecord[]) => of.map((o) => orderLines(o, instrument)).join('\n');
  const newest = done.slice(-ORDERS_SHOWN).reverse();
  return {
    text: `${open.length} open, ${done.length} ended; /why <order> tells one's story`,
    table: [
      ...(open.length > 0 ? ['open', list(open)] : []),
      ...(newest.length > 0 ? ['ended, newest first', list(newest)] : []),
    ].join('\n'),
  };
};

export const balance: Query = async ({ store }) => {
  const [account, heartbeat] = await Promise.all([store.account(), store.heartbeat()]);
  const of = traderStatus(heartbeat);
  const isKnown = of.equity && of.initialMargin;
  const free = isKnown
    ? displayMoney((parseMoney(of.equity ?? '0') - parseMoney(of.initialMargin ?? '0')) as Money)
    : null;
  return {
    table: rows([
      ['wallet', account ? `${displayMoney(account.walletBalance)} USDT` : usdt(of.walletBalance)],
      ['unrealised', usdt(of.unrealizedPnl)],
      ['equity', usdt(of.equity)],
      ['in use', usdt(of.initialMargin)],
      ['free', free === null ? UNKNOWN : `${free} USDT`],
    ]),
  };
};

export const margin: Query = async ({ store, configuration }) => {
  const of = traderStatus(await store.heartbeat());
  const mark = Number(of.markPrice);
  const liquidation = Number(of.liquidationPrice);
  const isDistanceKnown = of.markPrice && of.liquidationPrice && mark > 0;
  return {
    text: 'Liquidation is at a margin ratio of 100 %.',
    table: rows([
      ['margin ratio', percentOfPpm(of.marginRatioPpm)],
      ['maintenance', usdt(of.maintenanceMargin)],
      ['initial', usdt(of.initialMargin)],
      ['balance', usdt(of.equity)],
      ['liquidation', of.liquidationPrice ?? 'none'],
      [
        'distance',
        isDistanceKnown ? `${((Math.abs(liquidation - mark) / mark) * 100).toFixed(2)} %` : '-',
      ],
      ['leverage', `${configuration.leverage}x`],
    ]),
  };
};

export const health: Query = async ({ store, control, now }) => {
  const startedMs = performance.now();
  const { tradingState, orders: open, heartbeat } = await readStatus(store);
  const storeMs = performance.now() - startedMs;
  const [alerts, requests, mutedMs] = await Promise.all([
    store.pendingNotifications(ALERTS_COUNTED_MAX),
    store.operatorRequests(),
    mutedUntilMs(control),
  ]);
  const of = traderStatus(heartbeat);
  const unknown = open.filter(({ state }) => state === 'unknown').length;
  const isAlive = heartbeat !== null && now() - heartbeat.timeMs <= HEARTBEAT_AGE_MAX_MS;
  const waiting = `${alerts.length}${alerts.length === ALERTS_COUNTED_MAX ? ' or more' : ''}`;
  const isWell = isAlive && !of.holds && unknown === 0 && tradingState.state === 'active';
  return {
    text: isWell ? 'All is well.' : 'Needs a look:',
    table: rows([
      ['trader', lastSeen(heartbeat, now())],
      ['trading', tradingState.state],
      ['holds', of.holds || 'none'],
      ['market', of.marketAgeMs == null ? 'stale or not known' : `${of.marketAgeMs} ms old`],
      ['unknown', `${unknown} orders`],
      ['requests', `${requests.length} waiting`],
      ['alerts', `${waiting} waiting`],
      ['muted', mutedMs > now() ? `until ${utc(mutedMs)}` : 'no'],
      ['store', `${storeMs.toFixed(0)} ms for five reads`],
    ]),
  };
};

export const config: Query = async ({ configuration }) => ({
  text: 'As the bot was deployed; the trader reads the same. Secrets are masked.',
  table: rows(
    Object.entries(masked(configuration))
      .filter(([, value]) => value !== null)
      .map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  ),
});

export const version: Query = async ({ store, version: program, build, deployment }) => {
  const heartbeat = await store.heartbeat();
  return {
    text: warningOf(heartbeat, build),
    table: rows([
      ['plimsoll', `${program}, build ${build}`],
      ['deployment', deployment],
      ['node', process.version],
      [
        'trader',
        heartbeat
          ? `${heartbeat.mode}, epoch ${heartbeat.epoch}, build ${heartbeat.build ?? UNKNOWN}`
          : 'has not run yet',
      ],
    ]),
  };
};

/** What a person should know where trader and bot are not of one build; nothing where they are. */
function warningOf(heartbeat: Heartbeat | null, build: string): string {
  const other = heartbeat?.build;
  if (other === undefined || other === build) return '';
  return `The trader is of build ${other}, this bot of ${build}: deploy both together.`;
}

/** Whether a trader is there to act, in words. */
export function lastSeen(heartbeat: Heartbeat | null, nowMs: TimeMs): string {
  if (!heartbeat) return 'has not run yet';
  const ageMs = nowMs - heartbeat.timeMs;
  const seen = `seen ${duration(ageMs)} ago`;
  return ageMs > HEARTBEAT_AGE_MAX_MS ? `NOT RUNNING, last ${seen}` : `${heartbeat.mode}, ${seen}`;
}

function orderLines({ intent, state, filledLots }: OrderRecord, instrument: Instrument): string {
  const { side, lots, price, stopPrice, clientOrderId, reduceOnly } = intent.request;
  const atPrice = price === null ? 'at market' : `at ${instrument.formatPrice(price)}`;
  const at = stopPrice === undefined ? atPrice : `stop ${instrument.formatPrice(stopPrice)}`;
  const filled = `${instrument.formatQuantity(filledLots)}/${instrument.formatQuantity(lots)}`;
  return [
    `${clientOrderId}  ${utc(intent.createdMs).slice(5, 19)}`,
    `  ${side} ${filled} ${at}`,
    `  ${intent.purpose}${reduceOnly ? ' reduce-only' : ''}, ${state}`,
  ].join('\n');
}

function today(account: { dayStartEquity: Money } | null, equity: string | null | undefined) {
  if (!account || !equity || account.dayStartEquity <= 0) return UNKNOWN;
  const change = (parseMoney(equity) - account.dayStartEquity) as Money;
  const percent = (change / account.dayStartEquity) * 100;
  return `${signed(displayMoney(change))} USDT (${signed(percent.toFixed(2))} %)`;
}

function funding(rateE8: number | null | undefined, nextMs: number | null | undefined): string {
  if (rateE8 == null || nextMs == null) return UNKNOWN;
  return `${formatDecimal(rateE8, 6)} % at ${utc(nextMs).slice(11, 16)} UTC`;
}

function usdt(text: string | null | undefined): string {
  return text == null ? UNKNOWN : `${displayMoney(parseMoney(text))} USDT`;
}

function percentOfPpm(ppm: number | null | undefined): string {
  return ppm == null ? UNKNOWN : `${(ppm / PPM_PER_PERCENT).toFixed(2)} %`;
}

export function signed(text: string): string {
  return text.startsWith('-') ? text : `+${text}`;
}
