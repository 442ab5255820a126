/**
 * The one schema of the configuration: every key, its form, its range. Knows no file, no environment
 * and no flag; see load.ts.
 */
import * as z from 'zod';
import { INTERVALS } from '../core/market/candle.ts';
import { LIVE_LIMITS, type RiskLimits, SIMULATED_LIMITS } from '../core/trading/risk-limits.ts';
import { EXECUTIONS, isSize, parseDuration, parseStopDistance, SIZE_FORMS } from './values.ts';

export const MODES = ['simulated', 'paper', 'demo', 'live'] as const;
export type Mode = (typeof MODES)[number];

const duration = z
  .string()
  .refine(
    (text) => parseDuration(text) !== null,
    'must be a duration such as 500ms, 60s, 5m, 2h, 1d',
  )
  .transform((text) => parseDuration(text) as number);

const url = (...schemes: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol.slice(0, -1)),
      `must be a URL that starts with ${schemes.map((s) => `${s}://`).join(' or ')}`,
    );

const whole = (min: number, max: number) =>
  z
    .number(`must be a whole number from ${min} to ${max}`)
    .int(`must be a whole number from ${min} to ${max}`)
    .min(min, `must be from ${min} to ${max}`)
    .max(max, `must be from ${min} to ${max}`)
    // JSON can say -0; adding zero makes it the 0 it is.
    .overwrite((value) => value + 0);

const amount = (min: number, max: number) =>
  z
    .number(`must be a number from ${min} to ${max}`)
    .min(min, `must be from ${min} to ${max}`)
    .max(max, `must be from ${min} to ${max}`)
    // JSON can say -0; adding zero makes it the 0 it is.
    .overwrite((value) => value + 0);

const decimalText = z
  .string()
  .regex(/^\d{1,12}(\.\d{1,12})?$/, 'must be a plain decimal in quotes, e.g. "0.5"');

/** One range a limit. A share of equity is in ppm. */
const limits = {
  orderQuantityMax: decimalText,
  orderNotionalMaxPpm: whole(1, 20_000_000),
  positionNotionalMaxPpm: whole(1, 20_000_000),
  openOrdersMax: whole(1, 200),
  openOrderNotionalMaxPpm: whole(1, 20_000_000),
  effectiveLeverageMaxPpm: whole(1, 20_000_000),
  collarBps: amount(1, 500),
  slippageBps: amount(0, 500),
  spreadMaxBps: amount(0.1, 1_000),
  divergenceMaxBps: amount(1, 1_000),
  divergenceHoldMs: whole(0, 60_000),
  touchDepthMin: amount(0, 1_000),
  moveMaxPpm: whole(1_000, 1_000_000),
  movePauseMs: whole(0, 86_400_000),
  bookAgeMaxMs: whole(100, 60_000),
  markAgeMaxMs: whole(1_000, 60_000),
  clockErrorMaxMs: whole(10, 1_000),
  accountAgeMaxMs: whole(70_000, 600_000),
  loopLagHoldMs: whole(50, 5_000),
  loopLagStepDownMs: whole(500, 7_000),
  marginRatioMaxPpm: whole(1, 1_000_000),
  marginRatioReducePpm: whole(1, 1_000_000),
  liquidationDistanceMinPpm: whole(0, 1_000_000),
  liquidationDistanceReducePpm: whole(0, 1_000_000),
  dailyLossReducePpm: whole(1, 1_000_000),
  dailyLossHaltPpm: whole(1, 1_000_000),
  drawdownHaltPpm: whole(1, 1_000_000),
  equityJumpMaxPpm: whole(1, 1_000_000),
  ordersPerSecondMax: whole(1, 100),
  ordersPer10SecondsMax: whole(1, 1_000),
  ordersPerMinuteMax: whole(1, 6_000),
  ordersPerDayMax: whole(1, 200_000),
  rejectsPerMinuteMax: whole(1, 1_000),
  roundTripsPer10MinutesMax: whole(1, 6_000),
  roundTripsPerDayMax: whole(1, 200_000),
  lossesInARowMax: whole(1, 200_000),
  lossesPauseMs: whole(0, 7 * 86_400_000),
  duplicateWindowMs: whole(0, 60_000),
  fundingMaxBps: amount(0, 1_000),
  fundingBlackoutMs: whole(0, 3_600_000),
  startsPer10MinutesMax: whole(1, 600),
  stopDistanceMinBps: amount(1, 1_000),
  stopDistanceMaxPpm: whole(1, 500_000),
  openStopsMax: whole(2, 100),
} satisfies Record<keyof RiskLimits, z.ZodType>;

export const configurationSchema = z.strictObject({
  mode: z.enum(MODES, `must be one of ${MODES.join(', ')}`).default('simulated'),
  /** Where market data comes from: binance, ccxt:<exchange> or remote:<ws url>. */
  feed: z
    .string()
    .regex(
      /^(binance|ccxt:[a-z0-9]+|remote:wss?:\/\/.+)$/,
      'must be binance, ccxt:<exchange> or remote:<ws url>',
    )
    .default('binance'),
  /** A simulator already running, instead of one of our own. */
  exchange: url('http', 'https').nullable().default(null),
  /** Recordings, in order, that serve as the simulator's market. */
  replay: z.array(z.string().min(1)).default([]),
  /** Times real time, or as fast as it goes. */
  speed: z
    .union([z.literal('max'), amount(0.01, 10_000)], 'must be max or a number from 0.01 to 10000')
    .default(1),
  /** What goes wrong at a simulator of our own, by name; see services/exchange-simulator/faults/kinds.ts. */
  faults: z
    .string()
    .regex(/^[a-z0-9-]+(,[a-z0-9-]+)*$/, 'must be all, or kinds of faults with commas between')
    .nullable()
    .default(null),
  duration: duration.nullable().default(null),
  interval: z.enum(INTERVALS, `must be one of ${INTERVALS.join(', ')}`).optional(),
  symbol: z
    .string()
    .regex(/^[A-Z0-9]{5,20}$/, 'must be a USDT-margined symbol in capitals, e.g. BTCUSDT')
    .default('BTCUSDT'),
  strategy: z
    .string()
    .min(1)
    .max(60, 'must be a name of at most 60 characters')
    .default('SmaCrossoverInflection'),
  params: z.record(z.string(), z.number('must be a number')).default({}),
  size: z.string().refine(isSize, `must be ${SIZE_FORMS}`).default('0.1x'),
  /** Distance of the protective stop from the entry price; none for positions without one. */
  stop: z
    .string()
    .refine(
      (text) => text === 'none' || parseStopDistance(text) !== null,
      'must be a share of the entry price such as "3%" or "0.5%", or "none"',
    )
    .transform((text) => parseStopDistance(text))
    .default(30_000),
  /** How trades meet the book: through the touch, or resting at it and then taking, or giving up. */
  execution: z.enum(EXECUTIONS, `must be one of ${EXECUTIONS.join(', ')}`).default('market'),
  /** How long a maker's order may rest and be moved. */
  makerDeadline: duration
    .refine((ms) => ms >= 1_000 && ms <= 300_000, 'must be from 1s to 5m')
    .default(30_000),
  store: z
    .string()
    .regex(
      /^(memory|sqlite:.+|dynamodb(:.+)?)$/,
      'must be sqlite:PATH, dynamodb[:ENDPOINT] or memory',
    )
    .optional(),
  /** DynamoDB table, where the store is one. */
  table: z
    .string()
    .regex(/^[a-zA-Z0-9_.-]{3,255}$/, 'must be a DynamoDB table name')
    .default('plimsoll'),
  /** Names the account in keys, leases and client order ids' owner. */
  account: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9, -')
    .default('main'),
  /** Tells deployments apart in metrics, messages and client order ids; null: the mode stands there. */
  deployment: z
    .string()
    .regex(/^[a-z0-9]{1,8}$/, 'must be 1 to 8 of a-z, 0-9')
    .nullable()
    .default(null),
  seed: whole(0, 4_294_967_295).default(1),
  /** Port of the embedded exchange simulator; 0 takes a free one. */
  port: whole(0, 65_535).default(0),
  summary: z.string().min(1).nullable().default(null),
  json: z.boolean().default(false),
  flattenOnExit: z.boolean().default(false),
  leverage: whole(1, 125).default(3),
  recvWindow: duration.refine((ms) => ms <= 60_000, 'must be at most 60s').default(2_000),
  apiKey: z.string().min(1).nullable().default(null),
  apiSecret: z.string().min(1).nullable().default(null),
  /** Overrides of single limits of the mode's risk profile. */
  risk: z.strictObject(limits).partial().default({}),
  /** Whether the session keeps a journal, for replay. */
  journal: z.boolean().default(true),
});

export type Configuration = z.output<typeof configurationSchema>;

/** Keys whose values are never shown. */
export const SECRET_KEYS: ReadonlySet<string> = new Set(['apiKey', 'apiSecret']);

/** The limits in force: the mode's profile with the configuration's overrides. */
export function riskLimits({ mode, risk }: Pick<Configuration, 'mode' | 'risk'>): RiskLimits {
  const profile = mode === 'simulated' ? SIMULATED_LIMITS : LIVE_LIMITS;
  const overrides = Object.entries(risk).filter(([, value]) => value !== undefined);
  return { ...profile, ...Object.fromEntries(overrides) };
}
