/**
 * What a user may choose, from the context (`cdk.json`, `-c key=value`) to validated settings. Throws
 * DeploymentError with one message that names the key, what is accepted and what to do.
 */
import { z } from 'zod';
import {
  DEPLOYED_MODES,
  DEPLOYMENT_ID,
  EGRESSES,
  REGION,
  regionProblem,
} from '../shared/config/deployment.ts';

/** The settings cannot be deployed. */
export class DeploymentError extends Error {
  override readonly name = 'DeploymentError';
}

const INTERVALS = ['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d'];
/** What CloudWatch Logs accepts, as far as it makes sense here. */
const LOG_DAYS = [1, 3, 5, 7, 14, 30, 60, 90, 180, 365];

const oneOf = <const T extends readonly string[]>(values: T) =>
  z.enum(values, `must be one of ${values.join(', ')}`);
const optionalText = (pattern: RegExp, message: string) =>
  z.union([z.literal(''), z.string().regex(pattern, message)], message).default('');

const settingsSchema = z.object({
  /** Names the deployment: several fit one AWS account. Part of client order ids, hence so short. */
  deployment: z
    .string()
    .regex(DEPLOYMENT_ID, 'must be 1 to 8 of a-z and 0-9, e.g. main')
    .default('main'),
  mode: oneOf(DEPLOYED_MODES).default('paper'),
  egress: oneOf(EGRESSES).default('public-ip'),
  symbol: z
    .string()
    .regex(/^[A-Z0-9]{5,20}$/, 'must be a symbol in capitals, e.g. BTCUSDT')
    .default('BTCUSDT'),
  /** Names the exchange account in keys and leases. */
  account: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/, 'must be 1 to 32 of a-z, 0-9, -')
    .default('main'),
  strategy: z
    .string()
    .regex(/^[A-Za-z]\w{0,63}$/, 'must be the name of a strategy')
    .default('SmaCrossoverInflection'),
  /** JSON object of the strategy's parameters, as PLIMSOLL_PARAMS takes it. */
  params: z
    .string()
    .refine(isJsonObject, 'must be a JSON object such as {"fastWindow":5}')
    .default('{}'),
  interval: z.enum(INTERVALS, `must be one of ${INTERVALS.join(', ')}`).default('5m'),
  size: z
    .string()
    .regex(/^\d+(\.\d+)?(x|usdt|base|lots)$/, 'must be e.g. 0.1x, 500usdt, 0.01base or 25lots')
    .default('0.1x'),
  leverage: z.coerce
    .number('must be a whole number from 1 to 125')
    .int('must be a whole number from 1 to 125')
    .min(1, 'must be from 1 to 125')
    .max(125, 'must be from 1 to 125')
    .default(3),
  /** Second alert channel beside Telegram; Amazon asks the address to confirm. Empty: none. */
  alertEmail: optionalText(/^[^@\s]+@[^@\s]+\.[^@\s]+$/, 'must be an e-mail address'),
  logDays: z.coerce
    .number()
    .refine((days) => LOG_DAYS.includes(days), `must be one of ${LOG_DAYS.join(', ')}`)
    .default(14),
  /** Empty: the region of the AWS profile. */
  region: optionalText(REGION, 'must be an AWS region, e.g. ap-northeast-1'),
  /** Image of the NAT instance; empty: asked for at deployment as the parameter FckNatAmi. */
  fckNatAmi: optionalText(
    /^ami-[0-9a-f]{8,17}$/,
    'must be an image id, e.g. ami-0123456789abcdef0',
  ),
  /** Executions set apart for the webhook; 0 in accounts whose whole quota is 10. */
  webhookConcurrency: z.coerce
    .number('must be a whole number from 0 to 100')
    .int('must be a whole number from 0 to 100')
    .min(0, 'must be from 0 to 100')
    .max(100, 'must be from 0 to 100')
    .default(5),
  /** A function that holds the trading key and closes the position where no trader leads. On the command line it is text. */
  emergencyFlatten: z
    .union(
      [z.boolean(), z.enum(['true', 'false']).transform((text) => text === 'true')],
      'must be true or false',
    )
    .default(false),
});

export type Settings = z.output<typeof settingsSchema>;
export const SETTING_KEYS = Object.keys(settingsSchema.shape) as readonly (keyof Settings)[];

/** Reads the settings through `contextOf`. Throws DeploymentError. */
export function readSettings(contextOf: (key: string) => unknown): Settings {
  const given = Object.fromEntries(SETTING_KEYS.map((key) => [key, contextOf(key)]));
  const parsed = settingsSchema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => {
      const key = String(path[0]);
      return `context key "${key}" is ${JSON.stringify(given[key])}: ${message}`;
    });
    throw new DeploymentError(`${lines.join('; ')}. Set it in cdk.json or with -c key=value`);
  }
  const settings = parsed.data;
  if (settings.mode === 'live' && settings.egress === 'public-ip') {
    throw new DeploymentError(
      'context key "egress" is "public-ip" in mode live: a live key must be restricted to a static ' +
        'address, and a task with a public IP gets another one at each start. ' +
        'Use -c egress=fck-nat or -c egress=nat-gateway',
    );
  }
  if (settings.mode === 'paper' && settings.emergencyFlatten) {
    throw new DeploymentError(
      'context key "emergencyFlatten" is true in mode paper: the paper exchange lives in the trader’s own ' +
        'process, so no other can close there. Use it in mode demo or live',
    );
  }
  refuseRegion(settings.region);
  return settings;
}

/** Throws DeploymentError where the exchange does not answer in this region. */
export function refuseRegion(region: string): void {
  const problem = regionProblem(region);
  if (problem === null) return;
  throw new DeploymentError(
    `${problem}. Use another one, e.g. -c region=ap-northeast-1 (next to the exchange) or eu-west-1`,
  );
}

/** Whether a static address leads out, through subnets of its own. */
export function hasStaticAddress({ egress }: Pick<Settings, 'egress'>): boolean {
  return egress !== 'public-ip';
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
