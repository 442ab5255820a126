/** The exchange simulator as a program, stand-alone or as the child of a trader. */

import { Command, InvalidArgumentError, Option } from 'commander';
import { RecordingError } from '../../shared/adapters/recording/recording-error.ts';
import { MalformedNumberError, parseMoney } from '../../shared/core/units.ts';
import type { AccountOptions } from './accounts.ts';
import { DEMO_ACCOUNT, startExchangeSimulator } from './exchange-simulator.ts';
import { Faults } from './faults/faults.ts';
import { type FaultKind, parseFaultKinds } from './faults/kinds.ts';

interface Flags {
  readonly host: string;
  readonly port: number;
  readonly clock: 'wall' | 'barrier';
  readonly speed?: number | 'max';
  readonly replay: string[];
  readonly account: AccountOptions[];
  readonly seed?: number;
  readonly latencyMs?: number;
  readonly startMs?: number;
  readonly symbol?: string;
  readonly state?: string;
  readonly faults?: readonly FaultKind[];
  readonly faultRate?: number;
  readonly faultsForMs?: number;
}

const program = new Command('exchange')
  .description('A Binance USD-M futures exchange on loopback, over a generated or recorded market.')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <number>', 'port to listen on, 0 for any free one', whole, 0)
  .addOption(
    new Option('--clock <kind>', 'wall: real time; barrier: time is shared with clients that join')
      .choices(['wall', 'barrier'])
      .default('wall'),
  )
  .option('--speed <n>', 'times real time, or "max"; turns the shared clock on', parseSpeed)
  .option('--replay <file>', 'play a recording instead of a generated market; repeatable', add, [])
  .option(
    '--account <key:secret:balance>',
    `an API key with its balance in USDT; repeatable (default: ${DEMO_ACCOUNT.apiKey})`,
    addAccount,
    [],
  )
  .option('--seed <number>', 'of the generated market (default: 1)', whole)
  .option('--latency-ms <ms>', 'virtual one-way latency (default: 5, with the wall clock 0)', whole)
  .option('--start-ms <ms>', 'first instant of a generated market, Unix ms', whole)
  .option('--symbol <name>', 'symbol traded (default: BTCUSDT, or the recording\u2019s)')
  .option('--state <file>', 'keep accounts in this file across restarts')
  .option(
    '--faults <kinds>',
    'what goes wrong for clients: "all", or kinds with commas',
    parseKinds,
  )
  .option('--fault-rate <n>', 'of each kind, an hour of its time (default: 6)', positive)
  .option('--faults-for-ms <ms>', 'no fault begins later than this after the start', whole);

async function main(): Promise<void> {
  const flags = program.parse().opts<Flags>();
  const { seed, latencyMs, startMs, symbol, speed } = flags;
  const simulator = await startExchangeSimulator({
    host: flags.host,
    port: flags.port,
    clock: speed === undefined ? flags.clock : 'barrier',
    replay: flags.replay,
    statePath: flags.state ?? null,
    ...(flags.account.length > 0 ? { accounts: flags.account } : {}),
    ...(speed === undefined ? {} : { speed: speed === 'max' ? null : speed }),
    ...(seed === undefined ? {} : { seed }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(startMs === undefined ? {} : { startMs }),
    ...(symbol === undefined ? {} : { symbol }),
    faults: faultsOf(flags),
  });
  simulator.failed.catch(fail);
  if (process.send) {
    // The parent decides when we stop: a Ctrl-C reaches the whole terminal group.
    process.on('SIGINT', () => undefined);
    process.on('disconnect', () => process.exit(0));
    process.send({ type: 'ready', url: simulator.url });
    return;
  }
  process.stdout.write(`exchange simulator at ${simulator.url}\n`);
  const stop = () => {
    simulator.close().then(() => process.exit(0), fail);
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

/** One line for what a person can mend, the whole trace for what only we can. */
function fail(error: unknown): never {
  const isOurs =
    error instanceof Error && !(error instanceof RecordingError) && error.cause === undefined;
  const isBug = isOurs && /^(TypeError|ReferenceError|BrokenInvariantError)$/.test(error.name);
  const text = error instanceof Error ? (isBug ? error.stack : error.message) : String(error);
  process.stderr.write(`exchange simulator: ${text}\n`);
  process.exit(1);
}

function whole(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('must be a whole number.');
  return Number(text);
}

function faultsOf({ faults: kinds, faultRate, faultsForMs, seed }: Flags): Faults | null {
  if (!kinds) return null;
  return new Faults({
    kinds,
    ...(faultRate === undefined ? {} : { perHour: faultRate }),
    ...(faultsForMs === undefined ? {} : { forMs: faultsForMs }),
    ...(seed === undefined ? {} : { seed }),
  });
}

function parseKinds(text: string): readonly FaultKind[] {
  try {
    return parseFaultKinds(text);
  } catch (error) {
    throw new InvalidArgumentError(`${(error as Error).message}.`);
  }
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value))) throw new InvalidArgumentError('must be above 0.');
  return value;
}

/** "max" stays text: commander takes a null for a missing value. */
function parseSpeed(text: string): number | 'max' {
  if (text === 'max') return text;
  const speed = Number(text);
  if (!(speed > 0)) throw new InvalidArgumentError('must be above 0, or "max".');
  return speed;
}

function add(value: string, list: string[]): string[] {
  return [...list, value];
}

function addAccount(text: string, list: AccountOptions[]): AccountOptions[] {
  const [apiKey, secret, balance, ...rest] = text.split(':');
  if (!apiKey || !secret || !balance || rest.length > 0) {
    throw new InvalidArgumentError('must be key:secret:balance.');
  }
  try {
    return [...list, { apiKey, secret, deposit: parseMoney(balance) }];
  } catch (error) {
    if (error instanceof MalformedNumberError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
}

process.on('uncaughtException', fail);
main().catch(fail);
