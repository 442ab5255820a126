/**
 * Goal: the configuration is file, then environment, then flags; every mistake is one line that names
 * source, key, what was given and what is accepted; secrets are never shown. Method: one mistake at a time.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildEngine, engineRecipe } from '../../shared/config/build-engine.ts';
import { ConfigurationError, loadConfiguration, masked } from '../../shared/config/load.ts';
import { configurationSchema, riskLimits } from '../../shared/config/schema.ts';
import { LIVE_LIMITS, SIMULATED_LIMITS } from '../../shared/core/trading/risk-limits.ts';
import { SPEC } from '../core/support.ts';

const folder = mkdtempSync(join(tmpdir(), 'plimsoll-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(content: unknown): string {
  files += 1;
  const path = join(folder, `c${files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function load(
  flags: Record<string, unknown> = {},
  environment: Record<string, string> = {},
  path: string | null = null,
) {
  return loadConfiguration({ file: path, environment, flags });
}

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigurationError);
    return (error as Error).message;
  }
  throw new Error('nothing was refused');
}

describe('precedence', () => {
  it('is file, then environment, then flags', () => {
    const path = file({ seed: 1, port: 1, leverage: 1 });
    const environment = { PLIMSOLL_SEED: '2', PLIMSOLL_PORT: '2' };
    expect(load({ seed: 3 }, environment, path)).toMatchObject({ seed: 3, port: 2, leverage: 1 });
  });

  it('merges parameters and limits key by key', () => {
    const path = file({
      mode: 'paper',
      params: { longWindow: 50, smoothingWindow: 5 },
      risk: { openOrdersMax: 2 },
    });
    const loaded = load(
      { params: { longWindow: 60 } },
      { PLIMSOLL_RISK: '{"collarBps": 20}' },
      path,
    );
    expect(loaded.params).toEqual({ shortWindow: 5, longWindow: 60, smoothingWindow: 5 });
    expect(loaded.risk).toEqual({ openOrdersMax: 2, collarBps: 20 });
  });

  it('lets a flag that was not given change nothing', () => {
    expect(load({ seed: undefined }, { PLIMSOLL_SEED: '2' }).seed).toBe(2);
  });
});

describe('a mistake', () => {
  const accepted: [key: string, given: unknown, says: RegExp][] = [
    ['mode', 'real', /must be one of simulated, paper, demo, live/],
    ['feed', 'kraken', /must be binance, ccxt:<exchange> or remote:<ws url>/],
    ['exchange', 'ftp://x', /must be a URL that starts with http:\/\/ or https:\/\//],
    ['speed', 0, /must be from 0.01 to 10000/],
    ['speed', 'fast', /must be max or a number from 0.01 to 10000/],
    ['duration', '60', /must be a duration such as 500ms, 60s/],
    ['interval', '7m', /must be one of 1s, 5s/],
    ['symbol', 'btc', /must be a USDT-margined symbol in capitals/],
    ['size', '1btc', /must be "25lots"/],
    ['store', 'redis', /must be sqlite:PATH, dynamodb\[:ENDPOINT\] or memory/],
    ['table', 'a b', /must be a DynamoDB table name/],
    ['account', 'Main!', /must be 1 to 32 of a-z, 0-9, -/],
    ['seed', -1, /must be from 0 to 4294967295/],
    ['seed', 1.5, /must be a whole number from 0/],
    ['port', 65_536, /must be from 0 to 65535/],
    ['leverage', 126, /must be from 1 to 125/],
    ['recvWindow', '61s', /must be at most 60s/],
  ];

  it.each(accepted)(
    'in %s (%j) names source, key, what is accepted and what was given',
    (key, given, says) => {
      const sources: [string, () => unknown][] = [
        ['command line', () => load({ [key]: given })],
        [join(folder, `c${files + 1}.json`), () => load({}, {}, file({ [key]: given }))],
      ];
      for (const [source, act] of sources) {
        const message = refusal(act);
        expect(message).toMatch(says);
        expect(message.startsWith(`${source}: ${key} `)).toBe(true);
        expect(message.endsWith(`not ${JSON.stringify(given)}`)).toBe(true);
        expect(message.split('\n')).toHaveLength(1);
      }
    },
  );

  it('in the environment is named as such', () => {
    expect(refusal(() => load({}, { PLIMSOLL_LEVERAGE: 'lots' }))).toBe(
      'environment: leverage must be a whole number from 1 to 125, not "lots"',
    );
  });

  it('in a limit names its path', () => {
    expect(refusal(() => load({ risk: { collarBps: 501 } }))).toMatch(
      /risk\.collarBps must be from 1 to 500, not 501/,
    );
    expect(refusal(() => load({ risk: { orderQuantityMax: '1e3' } }))).toMatch(
      /risk\.orderQuantityMax must be a plain decimal/,
    );
  });

  it('beside another is told with it, a line each', () => {
    expect(refusal(() => load({ seed: -1, port: -1 })).split('\n')).toHaveLength(2);
  });

  it('is an unknown key, in file, environment and flags', () => {
    const path = file({ sede: 1 });
    expect(refusal(() => load({}, {}, path))).toMatch(
      new RegExp(`^${path}: unknown key sede; known are mode, `),
    );
    expect(refusal(() => load({ sede: 1 }))).toMatch(/^command line: unknown key sede; known are/);
    expect(refusal(() => load({}, { PLIMSOLL_SEDE: '1' }))).toMatch(
      /^environment: PLIMSOLL_SEDE is not a configuration key; known are PLIMSOLL_MODE/,
    );
    expect(refusal(() => load({ risk: { maxLoss: 1 } }))).toMatch(/unknown key risk\.maxLoss/);
  });

  it('is an unknown strategy or a parameter it does not have or take', () => {
    expect(refusal(() => load({ strategy: 'Nope' }))).toMatch(/unknown strategy "Nope"; known are/);
    expect(refusal(() => load({ params: { period: 3 } }))).toMatch(/has no parameter "period"/);
    expect(refusal(() => load({ params: { longWindow: 0 } }))).toMatch(/from 1 to 100000, not 0/);
  });

  it('is a combination that cannot be', () => {
    const live = { mode: 'live', apiKey: 'k', apiSecret: 's' };
    expect(refusal(() => load({ mode: 'live' }))).toMatch(
      /apiKey, apiSecret: mode live needs both/,
    );
    expect(refusal(() => load({ mode: 'demo', apiKey: 'k' }))).toMatch(/needs both/);
    expect(refusal(() => load({ ...live, store: 'memory' }))).toMatch(/needs a durable store/);
    expect(refusal(() => load({ mode: 'paper', replay: ['x'] }))).toMatch(
      /replay: a recording is the simulator's market/,
    );
    expect(refusal(() => load({ mode: 'paper', speed: 2 }))).toMatch(
      /speed: only the simulated mode/,
    );
    expect(refusal(() => load({ ...live, exchange: 'http://x' }))).toMatch(
      /exchange: a simulator's URL fits the modes simulated and paper/,
    );
    expect(load({ ...live, store: 'dynamodb' }).mode).toBe('live');
  });

  it('is a file that is missing, no JSON, or no object', () => {
    expect(refusal(() => load({}, {}, join(folder, 'none.json')))).toMatch(
      /cannot read the configuration file/,
    );
    expect(refusal(() => load({}, {}, file('{ "seed": ')))).toMatch(/is not JSON/);
    for (const content of ['[]', 'null', '3']) {
      expect(refusal(() => load({}, {}, file(content)))).toMatch(/must hold one JSON object/);
    }
  });
});

describe('secrets', () => {
  const secrets = { PLIMSOLL_API_KEY: 'canary-key', PLIMSOLL_API_SECRET: 'canary-secret' };

  it('come from the environment, and are masked where people look', () => {
    const loaded = load({ mode: 'live', store: 'dynamodb' }, secrets);
    expect(loaded.apiKey).toBe('canary-key');
    expect(JSON.stringify(masked(loaded))).not.toContain('canary');
    expect(masked(loaded)).toMatchObject({ apiKey: '***', apiSecret: '***', mode: 'live' });
    expect(masked(load())).toMatchObject({ apiKey: null });
  });

  it('are refused in a file, without showing them', () => {
    const message = refusal(() => load({}, {}, file({ apiSecret: 'canary-secret' })));
    expect(message).toMatch(/apiSecret does not belong in a file; set PLIMSOLL_API_SECRET/);
    expect(message).not.toContain('canary');
  });

  it('are shown in no refusal, theirs or another key’s', () => {
    const other = refusal(() => load({ seed: -1 }, secrets));
    const own = refusal(() => load({ apiSecret: ['canary-secret'] }, secrets));
    expect(other + own).not.toContain('canary');
  });

  it('never enter the recipe that a journal keeps', () => {
    const loaded = load({ mode: 'live', store: 'dynamodb' }, secrets);
    expect(JSON.stringify(engineRecipe(loaded, SPEC))).not.toContain('canary');
  });
});

describe('the environment', () => {
  it('writes lists, maps, numbers and booleans as JSON, the rest as text', () => {
    const loaded = load(
      {},
      {
        PLIMSOLL_REPLAY: '["a.gz", "b.gz"]',
        PLIMSOLL_SPEED: 'max',
        PLIMSOLL_JSON: 'true',
        PLIMSOLL_DURATION: '90s',
        PLIMSOLL_ACCOUNT: '7',
        PLIMSOLL_CONFIG: 'ignored',
        HOME: 'ignored',
      },
    );
    expect(loaded).toMatchObject({
      replay: ['a.gz', 'b.gz'],
      speed: 'max',
      json: true,
      duration: 90_000,
      account: '7',
    });
  });

  it('has a name for every key', () => {
    const known = refusal(() => load({}, { PLIMSOLL_NONE: '' }));
    expect(known.match(/PLIMSOLL_[A-Z_]+/g)?.length).toBe(
      Object.keys(configurationSchema.shape).length + 1,
    );
    expect(load({}, { PLIMSOLL_FLATTEN_ON_EXIT: 'true' }).flattenOnExit).toBe(true);
  });
});

describe('defaults', () => {
  it('make the demonstration quick, and nothing else', () => {
    expect(load()).toMatchObject({
      interval: '1s',
      params: { longWindow: 12, smoothingWindow: 3 },
    });
    expect(load({ mode: 'paper' })).toMatchObject({
      interval: '5m',
      params: { longWindow: 200, smoothingWindow: 10 },
    });
    expect(load({ replay: ['a'] }).params.longWindow).toBe(200);
  });

  it('hold every mode but the simulated one to the live limits', () => {
    for (const mode of ['paper', 'demo', 'live'] as const)
      expect(riskLimits({ mode, risk: {} })).toEqual(LIVE_LIMITS);
    expect(riskLimits({ mode: 'simulated', risk: {} })).toEqual(SIMULATED_LIMITS);
    expect(riskLimits({ mode: 'live', risk: { collarBps: 7 } })).toEqual({
      ...LIVE_LIMITS,
      collarBps: 7,
    });
  });

  it('build an engine with a short, legal client order id prefix for every mode', () => {
    for (const mode of ['simulated', 'paper', 'demo', 'live'] as const) {
      const keys = mode === 'demo' || mode === 'live' ? { apiKey: 'k', apiSecret: 's' } : {};
      const recipe = engineRecipe(load({ mode, ...keys }), SPEC);
      expect(recipe.clientOrderIdPrefix).toMatch(/^[a-z-]{1,12}$/);
      expect(buildEngine(recipe).strategies.warmUpCandles).toBeGreaterThan(0);
    }
  });

  it('put the deployment into client order ids, where one is named', () => {
    const prefix = (environment: Record<string, string>) =>
      engineRecipe(load({ mode: 'paper' }, environment), SPEC).clientOrderIdPrefix;
    expect(prefix({})).toBe('p-paper');
    expect(prefix({ PLIMSOLL_DEPLOYMENT: 'night2' })).toBe('p-night2');
    // What the exchange takes: 36 characters, a number of 53 bits being 11 of them.
    const longest = `${prefix({ PLIMSOLL_DEPLOYMENT: 'a2345678' })}-${'z'.repeat(11)}-${'z'.repeat(11)}`;
    expect(longest.length).toBeLessThanOrEqual(36);
    for (const name of ['a23456789', 'Night', 'a-b', '']) {
      expect(refusal(() => load({}, { PLIMSOLL_DEPLOYMENT: name }))).toContain(
        '1 to 8 of a-z, 0-9',
      );
    }
  });
});
