/** The doctor's checks of everything at the exchange: reachability, clock, streams, key, account, size. */
import type { BinanceMarketDataOptions } from '../../../shared/adapters/binance/market/binance-market-data.ts';
import { createBinanceExchange } from '../../../shared/adapters/ccxt/binance-exchange.ts';
import { SystemClock } from '../../../shared/adapters/clock/system-clock.ts';
import { HOSTS } from '../../../shared/config/hosts.ts';
import type { EffectiveConfiguration } from '../../../shared/config/load.ts';
import { riskLimits } from '../../../shared/config/schema.ts';
import { SIMULATED_ACCOUNT } from '../../../shared/config/simulated-account.ts';
import { Instrument } from '../../../shared/core/instrument.ts';
import { displayMoney, type Ticks } from '../../../shared/core/units.ts';
import type { Clock } from '../../../shared/ports/clock.ts';
import type { ExchangeClient } from '../../../shared/ports/exchange.ts';
import { accountProblems, checkSize, keyProblems, ScopeError } from '../scope.ts';
import { sharesClock, startSimulatorProcess } from '../simulator-process.ts';
import { createFeed, PAPER_DEPOSIT, SIMULATOR } from '../wiring.ts';
import { type Check, failed, messageOf, ok, warning } from './check.ts';

/** How long the first book and mark price may take to arrive. */
const STREAMS_WAIT_MS = 8_000;
const STREAMS: ReadonlySet<string> = new Set(['book', 'markPrice']);

type Add = (check: Check) => void;

interface Subject {
  readonly configuration: EffectiveConfiguration;
  readonly restUrl: string;
  readonly wsUrl: string;
  readonly clock: Clock;
  readonly exchange: ExchangeClient;
  /** A simulator whose time moves only with the clients that share it. */
  readonly isVirtual: boolean;
}

/** Adds a check for each thing at the exchange; ends after the first where it cannot be reached at all. */
export async function checkExchange(
  configuration: EffectiveConfiguration,
  add: Add,
): Promise<void> {
  if (configuration.mode !== 'simulated' || configuration.exchange !== null) {
    return examine(configuration, hostsOf(configuration), add);
  }
  let simulator: Awaited<ReturnType<typeof startSimulatorProcess>>;
  try {
    simulator = await startSimulatorProcess({
      program: SIMULATOR,
      arguments: embedded(configuration),
    });
  } catch (error) {
    return add(failed('exchange', `the embedded simulator does not start: ${messageOf(error)}`));
  }
  try {
    const wsUrl = simulator.url.replace(/^http/, 'ws');
    await examine(configuration, { restUrl: simulator.url, wsUrl }, add);
  } finally {
    await simulator.stop();
  }
}

/** As a session would start it, but on the wall clock, so that it runs without one. */
function embedded({ port, seed, symbol, replay }: EffectiveConfiguration): string[] {
  const { key, secret, balance } = SIMULATED_ACCOUNT;
  return [
    ...['--port', String(port), '--seed', String(seed), '--account', `${key}:${secret}:${balance}`],
    ...(replay.length > 0 ? [] : ['--symbol', symbol]),
    ...replay.flatMap((file) => ['--replay', file]),
  ];
}

function hostsOf({ mode, exchange }: EffectiveConfiguration): { restUrl: string; wsUrl: string } {
  if (exchange !== null) return { restUrl: exchange, wsUrl: exchange.replace(/^http/, 'ws') };
  return mode === 'demo' ? HOSTS.demo : HOSTS.live;
}

async function examine(
  configuration: EffectiveConfiguration,
  hosts: { restUrl: string; wsUrl: string },
  add: Add,
): Promise<void> {
  const { mode, symbol } = configuration;
  const clock = new SystemClock();
  const isSimulated = mode === 'simulated';
  const exchange = createBinanceExchange({
    ...hosts,
    clock,
    symbol,
    apiKey: mode === 'paper' ? '' : (configuration.apiKey ?? SIMULATED_ACCOUNT.key),
    apiSecret: mode === 'paper' ? '' : (configuration.apiSecret ?? SIMULATED_ACCOUNT.secret),
  });
  // Nobody there: `connect` says it better.
  const isVirtual = isSimulated && (await sharesClock(hosts.restUrl).catch(() => false));
  const subject = { configuration, ...hosts, clock, exchange, isVirtual };
  try {
    try {
      await exchange.connect();
    } catch (error) {
      return add(
        failed(
          'exchange',
          `${hosts.restUrl}: ${messageOf(error)}; check the address, the network and whether it runs`,
        ),
      );
    }
    add(checkContract(subject));
    await attempt('clock', add, () => checkClock(subject));
    await attempt('streams', add, () => checkStreams(subject));
    if (mode === 'paper') {
      add(ok('account', 'paper needs no key: orders are filled in process, nothing is sent'));
    } else {
      await attempt('key', add, () => checkKey(subject));
      await attempt('account', add, () => checkAccountSettings(subject));
      await attempt('leverage', add, () => checkLeverage(subject));
    }
    await attempt('size', add, () => checkOrderSize(subject));
  } finally {
    await exchange.stop();
  }
}

/** A check that cannot be made has failed. */
async function attempt(name: string, add: Add, check: () => Promise<Check>): Promise<void> {
  try {
    add(await check());
  } catch (error) {
    add(failed(name, messageOf(error)));
  }
}

function checkContract({ exchange, restUrl, configuration }: Subject): Check {
  const { status } = exchange.contractStatus();
  const shown = `${restUrl} answers and lists ${configuration.symbol}`;
  if (status === 'TRADING') return ok('exchange', shown);
  return warning('exchange', `${shown}, but as ${status}: nothing opens until it is TRADING`);
}

async function checkClock({ exchange, configuration, isVirtual }: Subject): Promise<Check> {
  const { offsetMs, errorMs } = await exchange.clockOffset();
  if (isVirtual) return ok('clock', 'the simulator’s own, shared with the trader');
  const limit = riskLimits(configuration).clockErrorMaxMs;
  const shown = `${Math.abs(offsetMs)} ms ${offsetMs < 0 ? 'ahead of' : 'behind'} the exchange’s, known to ${errorMs} ms`;
  if (errorMs > limit) {
    return failed('clock', `${shown}; trading needs ${limit} ms: use a faster connection`);
  }
  if (Math.abs(offsetMs) > 1_000) {
    return warning('clock', `${shown}; it is allowed for, but let NTP set the clock`);
  }
  return ok('clock', shown);
}

/** Waits for a synchronised book and a mark price, over the very client a session would use. */
async function checkStreams(subject: Subject): Promise<Check> {
  const { configuration, exchange, clock, restUrl, wsUrl } = subject;
  const { feed } = configuration;
  const source = feed === 'binance' ? wsUrl : feed;
  if (subject.isVirtual) {
    return warning('streams', `${source} is quiet until a trader joins: time is shared there`);
  }
  const options: BinanceMarketDataOptions = {
    restUrl,
    wsUrl,
    clock,
    instrument: new Instrument(exchange.instrument()),
  };
  const client = createFeed(feed, options);
  const missing = new Set(STREAMS);
  const complete = Promise.withResolvers<void>();
  const startedMs = clock.monotonicMs();
  let trouble = '';
  const timer = clock.after(STREAMS_WAIT_MS, () => complete.resolve());
  try {
    await client.start({
      onMarket(fact) {
        if (fact.kind === 'feedStatus' && fact.status === 'down') trouble = ` (${fact.reason})`;
        missing.delete(fact.kind);
        if (missing.size === 0) complete.resolve();
      },
    });
    await complete.promise;
  } finally {
    timer.cancel();
    await client.stop();
  }
  if (missing.size === 0) {
    const waitedMs = Math.round(clock.monotonicMs() - startedMs);
    return ok('streams', `${source}: book and mark price after ${waitedMs} ms`);
  }
  return failed(
    'streams',
    `${source}: no ${[...missing].join(', no ')} within ${STREAMS_WAIT_MS / 1_000} s${trouble}; check network and firewall`,
  );
}

async function checkKey({ exchange, configuration }: Subject): Promise<Check> {
  const { mode } = configuration;
  if (mode === 'demo' || !exchange.keyPermissions) {
    return ok('key', `${mode} has no rights to check`);
  }
  const problems = keyProblems(await exchange.keyPermissions());
  if (problems.length === 0) return ok('key', 'may trade futures only, from listed addresses only');
  return failed('key', problems.join('; '));
}

async function checkAccountSettings({ exchange, configuration }: Subject): Promise<Check> {
  const problems = accountProblems(await exchange.accountSettings(), configuration.symbol);
  if (problems.length > 0) return failed('account', problems.join('; '));
  const { walletBalance, position, openOrders } = await exchange.accountSnapshot();
  const held = new Instrument(exchange.instrument()).formatQuantity(position);
  const shown = `one-way, cross margin, ${displayMoney(walletBalance)} USDT, position ${held}, ${openOrders.length} open orders`;
  return walletBalance > 0
    ? ok('account', shown)
    : failed('account', `${shown}; pay USDT into the futures wallet`);
}

async function checkLeverage({ exchange, configuration }: Subject): Promise<Check> {
  const { leverage } = await exchange.accountTerms();
  const wanted = configuration.leverage;
  if (leverage === wanted) return ok('leverage', `${leverage}x`);
  return ok('leverage', `${leverage}x at the exchange; the start sets it to ${wanted}x`);
}

/** As a session does at its start: at the price of the last minute, against the wallet. */
async function checkOrderSize({ exchange, configuration }: Subject): Promise<Check> {
  const equity =
    configuration.mode === 'paper'
      ? PAPER_DEPOSIT
      : (await exchange.accountSnapshot()).walletBalance;
  const [minute] = await exchange.candles('1m', 1);
  const price = Math.floor((minute?.close ?? 0) / 2) as Ticks;
  if (price === 0) return warning('size', 'no price to judge it by yet');
  try {
    const limits = riskLimits(configuration);
    checkSize(configuration.size, exchange.instrument(), { equity, price, limits });
  } catch (error) {
    if (!(error instanceof ScopeError)) throw error;
    return failed('size', `${error.message}; change --size or the limit`);
  }
  return ok(
    'size',
    `${configuration.size} fits the minimum and the limits with a wallet of ${displayMoney(equity)} USDT`,
  );
}
