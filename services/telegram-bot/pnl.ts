/** /pnl: what fills and payments brought since the day, week or month began, in UTC. */
import { asMoney, displayMoney, type Money, type TimeMs } from '../../shared/core/units.ts';
import { traderStatus } from '../../shared/operation/trader-status.ts';
import { rows, utc } from './messages.ts';
import { type Query, signed } from './queries.ts';

const PERIODS = ['day', 'week', 'month'] as const;
type Period = (typeof PERIODS)[number];

export const pnl: Query = async ({ store, now }, argument) => {
  const period = argument === '' ? 'day' : PERIODS.find((known) => known === argument);
  if (!period) return { text: `/pnl takes ${PERIODS.join(', ')}` };
  const sinceMs = startOf(period, now());
  const [fills, payments, heartbeat] = await Promise.all([
    store.fills(),
    store.payments(),
    store.heartbeat(),
  ]);
  const traded = fills.filter(({ exchangeMs }) => exchangeMs >= sinceMs);
  const paid = payments.filter(({ exchangeMs }) => exchangeMs >= sinceMs);
  const realized = sum(traded.map((fill) => fill.realizedPnl));
  const fees = sum(traded.map(({ fee }) => fee));
  const funding = sum(paid.filter((p) => p.reason === 'funding').map(({ amount }) => amount));
  const transfers = sum(paid.filter((p) => p.reason !== 'funding').map(({ amount }) => amount));
  const unrealized = traderStatus(heartbeat).unrealizedPnl;
  return {
    text: `Since ${utc(sinceMs)}`,
    table: rows([
      ['realised', told(realized)],
      ['fees', told(asMoney(-fees))],
      ['funding', told(funding)],
      ['net', told(asMoney(realized - fees + funding))],
      ['fills', String(traded.length)],
      ...(transfers === 0 ? [] : [['transfers', told(transfers)] as const]),
      ['unrealised', unrealized == null ? 'not known' : `${signed(twoDecimals(unrealized))} USDT`],
    ]),
  };
};

/** 00:00 UTC of today, of Monday, or of the first. */
function startOf(period: Period, nowMs: TimeMs): TimeMs {
  const now = new Date(nowMs);
  const day = now.getUTCDate();
  const sinceMonday = (now.getUTCDay() + 6) % 7;
  const first = { day, week: day - sinceMonday, month: 1 }[period];
  return Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), first) as TimeMs;
}

function sum(amounts: readonly Money[]): Money {
  return asMoney(amounts.reduce((total, amount) => total + amount, 0));
}

function told(money: Money): string {
  return `${signed(displayMoney(money))} USDT`;
}

function twoDecimals(usdt: string): string {
  return Number(usdt).toFixed(2);
}
