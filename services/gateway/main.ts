/** The gateway as a program: flags in, one line an event out, a clean end on a signal. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { type Gateway, startGateway } from './gateway.ts';

interface Flags {
  readonly symbol: string;
  readonly host: string;
  readonly port: number;
  readonly record?: string;
  readonly restUrl: string;
  readonly wsUrl: string;
  readonly exchange?: string;
  readonly depth: string;
  readonly trades: 'aggTrade' | 'trade';
}

/** Never a flag: flags show in the list of processes. */
const TOKEN_VARIABLE = 'PLIMSOLL_FEED_TOKEN';
const DEFAULT_PORT = 8787;

const program = new Command('gateway')
  .description('Publish the exchange’s market data to traders over RemoteFeed, and record it.')
  .option('--symbol <name>', 'contract, as the exchange spells it', 'BTCUSDT')
  .option(
    '--host <address>',
    `address to listen on; others than loopback need ${TOKEN_VARIABLE}`,
    '127.0.0.1',
  )
  .option('--port <number>', 'port to listen on, 0 for any free one', port, DEFAULT_PORT)
  .option('--record <dir>', 'record raw frames there, one gzip file an hour')
  .option('--exchange <url>', 'an exchange simulator, instead of the two addresses below')
  .option('--rest-url <url>', 'REST address', 'https://fapi.binance.com')
  .option('--ws-url <url>', 'stream address', 'wss://fstream.binance.com')
  .option('--depth <stream>', 'depth stream', 'depth@100ms')
  .addOption(
    new Option('--trades <stream>', 'trade stream')
      .choices(['aggTrade', 'trade'])
      .default('aggTrade'),
  );

async function main(): Promise<void> {
  const flags = program.parse().opts<Flags>();
  const log = (message: string) => {
    process.stderr.write(`${new Date().toISOString()} ${message}\n`);
  };
  let gateway: Gateway;
  try {
    gateway = await startGateway({
      clock: new SystemClock(),
      symbol: flags.symbol.toUpperCase(),
      restUrl: flags.exchange ?? flags.restUrl,
      wsUrl: flags.exchange?.replace(/^http/, 'ws') ?? flags.wsUrl,
      host: flags.host,
      port: flags.port,
      token: process.env[TOKEN_VARIABLE],
      recordDirectory: flags.record,
      depthStream: flags.depth,
      tradeStream: flags.trades,
      log,
    });
  } catch (error) {
    process.stderr.write(`gateway: ${explain(error, flags)}\n`);
    process.exitCode = 1;
    return;
  }
  const end = (signal: string) => {
    log(`${signal}: closing`);
    gateway.close().then(
      () => {
        log(`closed: ${JSON.stringify(gateway.stats())}`);
        process.exit(0);
      },
      (error: unknown) => {
        process.stderr.write(`gateway: ${explain(error, flags)}\n`);
        process.exit(1);
      },
    );
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  process.stdout.write(
    `gateway: RemoteFeed of ${flags.symbol} on ws://${flags.host}:${gateway.port}\n`,
  );
}

function explain(error: unknown, flags: Flags): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') {
    return `port ${flags.port} on ${flags.host} is in use; choose another with --port`;
  }
  return error.message;
}

function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('a port is a whole number from 0 to 65535');
  }
  return value;
}

await main();
