/**
 * Goal: what cannot be started is refused with one clear line and a non-zero exit code, and leaves nothing
 * behind; no secret is ever shown or kept. Method: one thing wrong at a time, the command line in this process;
 * the program itself where its exit, its folder or what it locks is the question.
 */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseMoney } from '../../shared/core/units.ts';
import { ran, refusal } from '../support/command-line.ts';
import { freePort } from '../support/dynoxide.ts';
import { finished, startExchange, storyFolder } from '../support/sessions.ts';

const folder = storyFolder('bad-input');
const fresh = () => mkdtempSync(join(folder, 'start-'));
const write = (name: string, content: string | Buffer) => {
  const path = join(fresh(), name);
  writeFileSync(path, content);
  return path;
};

const FRAME = '{"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":1,"s":"BTCUSDT"}}';
const DAMAGED = gzipSync(`1720000000000000000 ${FRAME}\n1720000000100000000 {broken\n`);

interface Case {
  readonly what: string;
  readonly args: () => readonly string[] | Promise<readonly string[]>;
  readonly environment?: Readonly<Record<string, string>>;
  readonly code: number;
  readonly says: readonly string[];
}

const CASES: readonly Case[] = [
  {
    what: 'a damaged recording, with its line',
    args: () => ['--replay', write('damaged.gz', DAMAGED)],
    code: 1,
    says: ['damaged.gz', 'line 2'],
  },
  {
    what: 'a recording that is not there',
    args: () => ['--replay', 'nowhere.gz'],
    code: 1,
    says: ['nowhere.gz', 'no such file'],
  },
  {
    what: 'an exchange that does not answer',
    args: async () => ['--exchange', `http://127.0.0.1:${await freePort()}`],
    code: 2,
    says: ['no exchange simulator answers', 'ECONNREFUSED'],
  },
  {
    what: 'an unknown strategy',
    args: () => ['--strategy', 'Magic'],
    code: 2,
    says: ['Magic', 'SmaCrossover'],
  },
  {
    what: 'an unknown parameter',
    args: () => ['--param', 'luck=7'],
    code: 2,
    says: ['luck', 'longWindow'],
  },
  {
    what: 'parameters that do not fit each other',
    args: () => ['--strategy', 'SmaCrossover', '--param', 'fastWindow=50'],
    code: 2,
    says: ['fastWindow (50) must be below slowWindow (30)'],
  },
  { what: 'an unknown flag', args: () => ['--luck'], code: 2, says: ['--luck'] },
  {
    what: 'an unknown variable',
    args: () => [],
    environment: { PLIMSOLL_LUCK: '7' },
    code: 2,
    says: ['PLIMSOLL_LUCK'],
  },
  { what: 'a size of nothing', args: () => ['--size', '0x'], code: 2, says: ['size', '0.1x'] },
  {
    what: 'a size above the limits',
    args: () => ['--size', '0.9x'],
    code: 1,
    says: ['0.9x', 'risk.orderNotionalMaxPpm'],
  },
  {
    what: 'a size below the minimum',
    args: () => ['--size', '5usdt'],
    code: 1,
    says: ['5usdt', 'minimum'],
  },
  {
    what: 'a duration without unit',
    args: () => ['--duration', '5'],
    code: 2,
    says: ['duration', '60s'],
  },
  {
    what: 'too much leverage',
    args: () => ['--leverage', '1000'],
    code: 2,
    says: ['leverage', '125'],
  },
  {
    what: 'a mode that does not exist',
    args: () => ['--mode', 'real'],
    code: 2,
    says: ['mode', 'paper'],
  },
  {
    what: 'live trading without keys',
    args: () => ['--mode', 'live'],
    code: 2,
    says: ['PLIMSOLL_API_KEY', 'PLIMSOLL_API_SECRET'],
  },
  {
    what: 'a configuration that is not there',
    args: () => ['--config', 'nowhere.json'],
    code: 2,
    says: ['nowhere.json'],
  },
  {
    what: 'a configuration that is no JSON',
    args: () => ['--config', write('c.json', '{')],
    code: 2,
    says: ['c.json', 'JSON'],
  },
  {
    what: 'an unknown limit',
    args: () => ['--config', write('c.json', '{"risk":{"luck":1}}')],
    code: 2,
    says: ['risk.luck', 'positionNotionalMaxPpm'],
  },
  {
    what: 'a secret in a file',
    args: () => ['--config', write('c.json', '{"apiSecret":"canary-in-file"}')],
    code: 2,
    says: ['apiSecret', 'PLIMSOLL_API_SECRET'],
  },
  {
    what: 'a store that is no database',
    args: () => ['--store', `sqlite:${write('notes.txt', 'just some notes '.repeat(100))}`],
    code: 1,
    says: ['notes.txt', 'not a SQLite database'],
  },
  {
    what: 'a database of another program',
    args: () => {
      const path = join(fresh(), 'other.sqlite');
      const other = new DatabaseSync(path);
      other.exec('CREATE TABLE theirs (a)');
      other.close();
      return ['--store', `sqlite:${path}`];
    },
    code: 1,
    says: ['other.sqlite', 'another program'],
  },
  {
    what: 'a summary with nowhere to go',
    args: () => ['--summary', join(folder, 'no', 'folder', 's.json')],
    code: 2,
    says: ['summary', join('no', 'folder')],
  },
];

/** One thing wrong is one line; commander adds where the help is. */
function expectRefused(
  { code, says }: Case,
  { status, text }: { status: number | string | null; text: string },
): void {
  expect(status, text).toBe(code);
  for (const part of says) expect(text).toContain(part);
  const lines = text.trimEnd().split('\n');
  expect(lines.filter((line) => !line.startsWith('('))).toHaveLength(1);
  expect(text).not.toContain('canary');
}

describe('the command line refuses', () => {
  afterEach(() => vi.unstubAllEnvs());

  it.each(CASES)('$what', async (one) => {
    const args = await one.args();
    for (const [name, value] of Object.entries(one.environment ?? {})) vi.stubEnv(name, value);
    const { status, stdout, stderr } = await refusal(['trade', ...args], fresh());
    expectRefused(one, { status, text: stdout + stderr });
  });

  it('commands for a session that is not there, and makes no store by looking', async () => {
    const directory = fresh();
    const none = await refusal(['status'], directory);
    expect(none).toMatchObject({ status: 2, stderr: expect.stringContaining('--store') });
    const missing = await refusal(['halt', '--store', 'sqlite:missing.sqlite'], directory);
    expect(missing).toMatchObject({ status: 2, stderr: expect.stringContaining('missing.sqlite') });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('the program refuses', () => {
  it('a port in use, and leaves no folder of a run', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const directory = fresh();
    const result = await finished(['trade', '--port', String(port)], directory);
    server.close();
    expect(result.code).toBe(1);
    expect(result.lines).toEqual([expect.stringContaining(`port ${port} on 127.0.0.1 is in use`)]);
    expect(readdirSync(join(directory, '.plimsoll', 'runs'))).toEqual([]);
  });

  it('a store that another program has locked', async () => {
    const path = join(fresh(), 'locked.sqlite');
    const other = new DatabaseSync(path);
    other.exec('BEGIN EXCLUSIVE');
    const { status, stderr } = await refusal(['trade', '--store', `sqlite:${path}`], fresh());
    other.close();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^[^\n]+locked\.sqlite is locked[^\n]*\n$/);
  });
});

describe('a secret', () => {
  afterEach(() => vi.unstubAllEnvs());

  const SECRETS = {
    PLIMSOLL_API_KEY: 'canary-key-4711',
    PLIMSOLL_API_SECRET: 'canary-secret-4712',
  };

  it('is masked where the configuration is printed', async () => {
    for (const [name, value] of Object.entries(SECRETS)) vi.stubEnv(name, value);
    const text = await ran(['trade', '--print-config'], fresh());
    expect(text).not.toContain('canary');
    expect(JSON.parse(text)).toMatchObject({ apiKey: '***', apiSecret: '***' });
  });

  it('is in no output, journal, store or summary of a session that used it', async () => {
    const directory = fresh();
    const { PLIMSOLL_API_KEY: apiKey, PLIMSOLL_API_SECRET: secret } = SECRETS;
    const deposit = parseMoney('10000');
    const exchange = await startExchange({ speed: null, accounts: [{ apiKey, secret, deposit }] });
    const result = await finished(
      [
        ...['trade', '--exchange', exchange.url, '--duration', '30s', '--summary', 'summary.json'],
        ...['--store', 'sqlite:store.sqlite'],
      ],
      directory,
      SECRETS,
    );
    await exchange.stop();
    expect(result.code, result.text).toBe(0);
    expect(result.text).not.toContain('canary');
    const kept = filesIn(directory);
    expect(kept.length).toBeGreaterThanOrEqual(4);
    for (const path of kept) {
      expect(readFileSync(path).includes('canary'), path).toBe(false);
    }
  });
});

function filesIn(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
