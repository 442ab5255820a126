/**
 * Reads the configuration: file, then environment, then flags, each overriding the one before. Every
 * mistake is one line that names the source, the key, what was given and what is accepted.
 */
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { LIVE_LIMITS } from '../core/trading/risk-limits.ts';
import { createStrategy, strategyParameters } from '../strategies/registry.ts';
import { VARIABLES } from './deployment.ts';
import { type Configuration, configurationSchema, riskLimits, SECRET_KEYS } from './schema.ts';

/** The configuration cannot be used; the message has a line for each mistake. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** The effective configuration: every key set. */
export type EffectiveConfiguration = Configuration & {
  readonly interval: NonNullable<Configuration['interval']>;
};

type Layer = Readonly<Record<string, unknown>>;

const SHOWN_CHARS_MAX = 200;
/** Each comes with the list of those that are known. */
const UNKNOWN_KEYS_SHOWN = 2;

const ENVIRONMENT_PREFIX = 'PLIMSOLL_';
/** Environment variables that are ours but no configuration keys. */
const NOT_KEYS: ReadonlySet<string> = new Set([
  'PLIMSOLL_CONFIG',
  'PLIMSOLL_DATA',
  'PLIMSOLL_FEED_TOKEN',
  'PLIMSOLL_TEST_SEED',
  ...Object.values(VARIABLES),
]);

/** A stop is rounded to a tick towards the entry price: one set to the limit itself would be refused by it. */
const STOP_ROUNDING_PPM = 100;

/** Short windows on one-second candles, so that the demonstration trades within seconds. */
const DEMONSTRATION = {
  interval: '1s',
  params: { SmaCrossoverInflection: { longWindow: 12, smoothingWindow: 3 } },
} as const;

/** Merges and checks the three sources. Throws ConfigurationError. */
export function loadConfiguration(sources: {
  file: string | null;
  environment: Readonly<Record<string, string | undefined>>;
  flags: Layer;
}): EffectiveConfiguration {
  const file = sources.file === null ? {} : readFile(sources.file);
  const environment = readEnvironment(sources.environment);
  const merged: Record<string, unknown> = {};
  const origin = new Map<string, string>();
  for (const [name, layer] of [
    [sources.file ?? 'file', file],
    ['environment', environment],
    ['command line', sources.flags],
  ] as const) {
    for (const [key, value] of Object.entries(layer)) {
      if (value === undefined) continue;
      // What is no map is left as it is, for the schema to refuse: spread, it would be an empty one.
      const isMap = (key === 'params' || key === 'risk') && isLayer(value);
      const before = isMap && isLayer(merged[key]) ? merged[key] : {};
      // Defined, not assigned: a key of "__proto__" would give the configuration a prototype to inherit from.
      Object.defineProperty(merged, key, {
        value: isMap ? { ...before, ...value } : value,
        enumerable: true,
        configurable: true,
        writable: true,
      });
      origin.set(key, name);
    }
  }
  const parsed = configurationSchema.safeParse(merged);
  if (!parsed.success) {
    throw new ConfigurationError(
      parsed.error.issues.map((issue) => describe(issue, merged, origin)).join('\n'),
    );
  }
  return complete(parsed.data);
}

/** The configuration with its secrets masked, for people and for the journal. */
export function masked(configuration: Configuration): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(configuration).map(([key, value]) => [
      key,
      SECRET_KEYS.has(key) && value !== null ? '***' : value,
    ]),
  );
}

/** Defaults that depend on other keys, and what keys must agree on. */
function complete(configuration: Configuration): EffectiveConfiguration {
  const { mode, strategy } = configuration;
  const isDemonstration = mode === 'simulated' && configuration.replay.length === 0;
  const preset: Readonly<Record<string, Readonly<Record<string, number>>>> = DEMONSTRATION.params;
  const given = { ...(isDemonstration ? preset[strategy] : {}), ...configuration.params };
  const wrong: string[] = [];
  if (mode !== 'simulated' && configuration.replay.length > 0) {
    wrong.push(`replay: a recording is the simulator's market; mode is ${mode}`);
  }
  if (mode !== 'simulated' && configuration.speed !== 1) {
    wrong.push(`speed: only the simulated mode can run faster or slower; mode is ${mode}`);
  }
  if ((mode === 'live' || mode === 'demo') && (!configuration.apiKey || !configuration.apiSecret)) {
    wrong.push(
      `apiKey, apiSecret: mode ${mode} needs both; set PLIMSOLL_API_KEY and PLIMSOLL_API_SECRET`,
    );
  }
  if (mode === 'live' && configuration.store === 'memory') {
    wrong.push('store: mode live needs a durable store, sqlite:PATH or dynamodb');
  }
  if (configuration.faults !== null && (mode !== 'simulated' || configuration.exchange !== null)) {
    wrong.push(
      'faults: only the simulator that mode simulated starts can be told to; for another, see "plimsoll exchange --faults"',
    );
  }
  if (mode === 'live' && configuration.stop === null) {
    wrong.push('stop: mode live needs a protective stop, e.g. "3%"');
  }
  const { stopDistanceMinBps, stopDistanceMaxPpm } = riskLimits(configuration);
  const { stop } = configuration;
  const stopMinPpm = stopDistanceMinBps * 100 + STOP_ROUNDING_PPM;
  if (stop !== null && !(stop >= stopMinPpm && stop <= stopDistanceMaxPpm)) {
    const range = `${stopMinPpm / 10_000}% to ${stopDistanceMaxPpm / 10_000}%`;
    wrong.push(
      `stop: ${stop / 10_000}% is outside ${range}, the limits stopDistanceMinBps and stopDistanceMaxPpm`,
    );
  }
  if (configuration.exchange !== null && mode !== 'simulated' && mode !== 'paper') {
    wrong.push(`exchange: a simulator's URL fits the modes simulated and paper; mode is ${mode}`);
  }
  try {
    const params = strategyParameters(strategy, given);
    // Parameters must also fit each other, and only the strategy knows how.
    createStrategy(strategy, params);
    if (wrong.length > 0) throw new ConfigurationError(wrong.join('\n'));
    const interval =
      configuration.interval ?? (mode === 'simulated' ? DEMONSTRATION.interval : '5m');
    return { ...configuration, params, interval };
  } catch (error) {
    if (error instanceof ConfigurationError || !(error instanceof Error)) throw error;
    throw new ConfigurationError([...wrong, error.message].join('\n'));
  }
}

function readFile(path: string): Layer {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(
      `cannot read the configuration file ${path}: ${(error as Error).message}`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ConfigurationError(`${path} is not JSON: ${(error as Error).message}`);
  }
  if (!isLayer(value)) {
    throw new ConfigurationError(`${path} must hold one JSON object of configuration keys`);
  }
  for (const key of SECRET_KEYS) {
    if (key in value) {
      throw new ConfigurationError(
        `${path}: ${key} does not belong in a file; set ${ENVIRONMENT_PREFIX}${screaming(key)} instead`,
      );
    }
  }
  return value;
}

function isLayer(value: unknown): value is Layer {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `PLIMSOLL_FLATTEN_ON_EXIT=true` → flattenOnExit: true. Maps and lists are JSON. */
function readEnvironment(environment: Readonly<Record<string, string | undefined>>): Layer {
  const keys = new Map(Object.keys(configurationSchema.shape).map((key) => [screaming(key), key]));
  const layer: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(environment)) {
    if (!name.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue;
    const key = keys.get(name.slice(ENVIRONMENT_PREFIX.length));
    if (key === undefined) {
      if (NOT_KEYS.has(name)) continue;
      throw new ConfigurationError(
        `environment: ${name} is not a configuration key; known are ${[...keys.keys()].map((k) => ENVIRONMENT_PREFIX + k).join(', ')}`,
      );
    }
    layer[key] = fromText(key, text);
  }
  return layer;
}

/** Numbers, booleans, lists and maps have only one written form in the environment; the rest stays text. */
function fromText(key: string, text: string): unknown {
  const isTyped = [
    'speed',
    'seed',
    'port',
    'leverage',
    'json',
    'flattenOnExit',
    'journal',
    'replay',
    'params',
    'risk',
  ];
  if (!isTyped.includes(key) || text === 'max') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text; // Not a number or boolean: the schema says what it must be.
  }
}

/** As JSON, as much as a person wants to read; of what nests too deeply to be written, that. */
function excerpt(value: unknown): string {
  let text: string;
  try {
    text = JSON.stringify(value) ?? 'nothing';
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    text = 'something nested very deeply';
  }
  return text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text;
}

function screaming(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function describe(
  issue: z.core.$ZodIssue,
  merged: Layer,
  origin: ReadonlyMap<string, string>,
): string {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const where = path.length > 0 ? `${path.join('.')}.` : '';
    const schema = path[0] === 'risk' ? LIVE_LIMITS : configurationSchema.shape;
    const known = Object.keys(schema).join(', ');
    return issue.keys
      .slice(0, UNKNOWN_KEYS_SHOWN)
      .map(
        (key) =>
          `${origin.get(path[0] ?? key) ?? 'configuration'}: unknown key ${where}${key.slice(0, SHOWN_CHARS_MAX)}; known are ${known}`,
      )
      .join('\n');
  }
  const key = path.join('.');
  const given = path.reduce<unknown>((value, step) => (value as Layer | undefined)?.[step], merged);
  const shown = SECRET_KEYS.has(path[0] ?? '') ? '***' : excerpt(given);
  return `${origin.get(path[0] ?? '') ?? 'configuration'}: ${key} ${issue.message}, not ${shown}`;
}
