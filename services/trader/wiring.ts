/**
 * The composition root of a session: chooses clock, store, exchange and market data for a
 * configuration, and takes them down again. The only file that constructs adapters.
 */
import { hostname } from 'node:os';
import {
  type BinanceMarketDataOptions,
  createBinanceMarketData,
} from '../../shared/adapters/binance/market/binance-market-data.ts';
import { createBinanceExchange } from '../../shared/adapters/ccxt/binance-exchange.ts';
import { loadBinanceUsdm } from '../../shared/adapters/ccxt/load.ts';
import { createCcxtMarketData } from '../../shared/adapters/ccxt/market-data.ts';
import { Pacer } from '../../shared/adapters/ccxt/pacing.ts';
import { measureLoopLag } from '../../shared/adapters/clock/loop-lag.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';
import { VirtualClock } from '../../shared/adapters/clock/virtual-clock.ts';
import { createRemoteFeedClient } from '../../shared/adapters/remote-feed/client.ts';
import { isSqliteStoreLed } from '../../shared/adapters/sqlite/store.ts';
import { buildId } from '../../shared/config/build.ts';
import { HOSTS } from '../../shared/config/hosts.ts';
import { ConfigurationError, type EffectiveConfiguration } from '../../shared/config/load.ts';
import { SIMULATED_ACCOUNT } from '../../shared/config/simulated-account.ts';
import type { Instrument } from '../../shared/core/instrument.ts';
import { parseMoney } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { ExchangeClient } from '../../shared/ports/exchange.ts';
import type { MarketDataClient } from '../../shared/ports/market-data-client.ts';
import type { Notifier } from '../../shared/ports/notifier.ts';
import { createStore, storeKey } from './open-store.ts';
import { consoleNotifier, type Presenter } from './presenter.ts';
import { discardRun, rememberSession, type SessionFiles, sessionFiles } from './run-directory.ts';
import { type SessionParts, TradingSession } from './session.ts';
import { sharesClock, startSimulatorProcess } from './simulator-process.ts';

/** What a deployed session has beside the rest. */
export interface SessionExtras {
  /** Who gets alerts besides the console. */
  readonly notifiers?: readonly Notifier[];
  readonly observe?: SessionParts['observe'];
}

/** A session ready to run, and how to clear up after it. */
export interface WiredSession {
  readonly session: TradingSession;
  readonly files: SessionFiles;
  close(): Promise<void>;
}

interface Venue {
  readonly clock: Clock;
  readonly exchange: ExchangeClient;
  readonly createMarketData: (instrument: Instrument) => Promise<MarketDataClient>;
  readonly isRealTime: boolean;
  /** Called with the session, to end it when the venue does. */
  readonly attach: (session: TradingSession) => void;
  readonly close: () => Promise<void>;
}

export const PAPER_DEPOSIT = parseMoney('10000');
const SIMULATED_START_MS = Date.UTC(2026, 0, 1);
/** A session of a given length ends without faults: bans pass, and what is unknown is found out. */
const FAULTLESS_END_MS = 4 * 60_000;
export const SIMULATOR = new URL('../exchange-simulator/main.ts', import.meta.url);

/** Builds everything a session needs. Throws ConfigurationError, SimulatorError or RecordingError. */
export async function wireSession(
  configuration: EffectiveConfiguration,
  presenter: Presenter,
  { notifiers = [], observe }: SessionExtras = {},
): Promise<WiredSession> {
  // Loaded before time begins: under a shared clock, loading must not let the market move.
  await loadBinanceUsdm();
  const files = sessionFiles(configuration);
  let venue: Venue;
  try {
    await checkOwnStore(configuration, files);
    venue = await openVenue(configuration, files, presenter);
  } catch (error) {
    discardRun(configuration, files);
    throw error;
  }
  const { table } = configuration;
  const store = await createStore(files.store, { table, key: storeKey(configuration) });
  rememberSession({ ...configuration, store: files.store });
  const lag = venue.isRealTime ? measureLoopLag() : null;
  const session = new TradingSession({
    configuration,
    clock: venue.clock,
    store,
    exchange: venue.exchange,
    createMarketData: venue.createMarketData,
    journalDirectory: files.journal,
    presenter,
    notifiers: [consoleNotifier(presenter), ...notifiers],
    owner: `${hostname()}-${process.pid}`,
    build: buildId(),
    isRealTime: venue.isRealTime,
    loopLagMs: lag && (() => lag.takeMs()),
    observe,
  });
  venue.attach(session);
  const close = async () => {
    lag?.stop();
    await venue.close();
  };
  return { session, files, close };
}

/**
 * A simulator of our own keeps its books beside the store: both must be ours alone before it starts.
 * Throws ConfigurationError or StoreUnavailableError.
 */
async function checkOwnStore(
  configuration: EffectiveConfiguration,
  { store, ledger }: SessionFiles,
): Promise<void> {
  if (ledger === null || configuration.exchange !== null) return;
  const key = storeKey(configuration);
  const opened = await createStore(store, { table: configuration.table, key });
  await opened.open();
  await opened.close();
  if (isSqliteStoreLed({ path: store.slice('sqlite:'.length), key })) {
    throw new ConfigurationError(
      `store: another trader is using ${store} and the simulated exchange beside it; to run two, start "plimsoll exchange" and give both --exchange`,
    );
  }
}

function openVenue(
  configuration: EffectiveConfiguration,
  files: SessionFiles,
  presenter: Presenter,
): Promise<Venue> {
  switch (configuration.mode) {
    case 'simulated':
      return simulated(configuration, files, presenter);
    case 'paper':
      return paper(configuration, files, presenter);
    case 'demo':
    case 'live':
      return real(configuration, HOSTS[configuration.mode], presenter);
  }
}

async function simulated(
  configuration: EffectiveConfiguration,
  files: SessionFiles,
  presenter: Presenter,
): Promise<Venue> {
  const simulator =
    configuration.exchange === null
      ? await startSimulatorProcess({
          program: SIMULATOR,
          arguments: simulatorArguments(configuration, files),
        })
      : null;
  const restUrl = simulator?.url ?? configuration.exchange ?? '';
  const wsUrl = restUrl.replace(/^http/, 'ws');
  const clock = await simulatedClock(restUrl);
  const isVirtual = clock instanceof VirtualClock;
  const headers = isVirtual ? (sequence?: number) => clock.headers(sequence) : undefined;
  const log = logger(presenter, clock);
  // One pacer: exchanges count requests by address, whoever of us sends them.
  const pacer = new Pacer(clock);
  const common = { restUrl, wsUrl, clock, ...(headers ? { headers } : {}), log, pacer };
  return {
    clock,
    isRealTime: !isVirtual,
    exchange: createBinanceExchange({
      ...common,
      symbol: configuration.symbol,
      apiKey: configuration.apiKey ?? SIMULATED_ACCOUNT.key,
      apiSecret: configuration.apiSecret ?? SIMULATED_ACCOUNT.secret,
    }),
    createMarketData: async (instrument) => {
      if (configuration.feed !== 'binance' && isVirtual) {
        throw new ConfigurationError(
          `feed: ${configuration.feed} runs on the wall clock and cannot share a simulator's: use an exchange started without --speed`,
        );
      }
      return createFeed(configuration.feed, { ...common, instrument });
    },
    attach: (session) => {
      if (isVirtual) {
        void clock.ended.then(() => session.stop());
        void clock.lost.then((reason) =>
          session.fail(`the exchange simulator is gone: ${reason}`, { isExchangeLost: true }),
        );
      }
      void simulator?.died.then((reason) => session.fail(reason, { isExchangeLost: true }));
    },
    close: async () => {
      if (isVirtual) clock.close();
      await simulator?.stop();
    },
  };
}

/** Joins the simulator's clock where it has one to share. Throws ConfigurationError where nobody answers. */
async function simulatedClock(url: string): Promise<Clock> {
  try {
    if (!(await sharesClock(url))) return new SystemClock();
  } catch (error) {
    throw new ConfigurationError(
      `exchange: no exchange simulator answers at ${url} (${(error as Error).message}); start one with "plimsoll exchange --port N"`,
    );
  }
  return VirtualClock.join(url, 'trader');
}

function simulatorArguments(
  { seed, speed, port, replay, symbol, faults, duration }: EffectiveConfiguration,
  { ledger }: SessionFiles,
): string[] {
  const { key, secret, balance } = SIMULATED_ACCOUNT;
  return [
    ...['--port', String(port), '--seed', String(seed), '--speed', String(speed)],
    ...['--symbol', symbol, '--account', `${key}:${secret}:${balance}`],
    ...replay.flatMap((file) => ['--replay', file]),
    ...(replay.length === 0 ? ['--start-ms', String(SIMULATED_START_MS)] : []),
    ...(ledger === null ? [] : ['--state', ledger]),
    ...(faults === null ? [] : ['--faults', faults]),
    ...(faults === null || duration === null
      ? []
      : ['--faults-for-ms', String(Math.max(0, duration - FAULTLESS_END_MS))]),
  ];
}

/** Live public streams, orders filled here. `exchange` may stand in for the real one's public side. */
async function paper(
  configuration: EffectiveConfiguration,
  files: SessionFiles,
  presenter: Presenter,
): Promise<Venue> {
  // An exchange of its own: loaded only where it is wanted, it is a tenth of what a trader loads.
  const { createPaperExchange } = await import('./paper-exchange.ts');
  const { openPaperLedger } = await import('./open-paper-ledger.ts');
  const { symbol, exchange, feed } = configuration;
  const clock = new SystemClock();
  const log = logger(presenter, clock);
  const hosts = exchange
    ? { restUrl: exchange, wsUrl: exchange.replace(/^http/, 'ws') }
    : HOSTS.live;
  const common = { ...hosts, clock, log, pacer: new Pacer(clock) };
  const paperExchange = createPaperExchange({
    publicApi: createBinanceExchange({ ...common, symbol, apiKey: '', apiSecret: '' }),
    clock,
    symbol,
    deposit: PAPER_DEPOSIT,
    ledger: await openPaperLedger(files, {
      table: configuration.table,
      key: storeKey(configuration),
    }),
  });
  const hasDepth = feed === 'binance';
  return {
    clock,
    isRealTime: true,
    exchange: paperExchange,
    createMarketData: async (instrument) =>
      paperExchange.observe(
        createFeed(feed, { ...common, instrument, listener: paperExchange.listener }),
        hasDepth,
      ),
    attach: () => undefined,
    close: async () => undefined,
  };
}

async function real(
  configuration: EffectiveConfiguration,
  hosts: { restUrl: string; wsUrl: string },
  presenter: Presenter,
): Promise<Venue> {
  const clock = new SystemClock();
  const log = logger(presenter, clock);
  const { apiKey, apiSecret, symbol, feed } = configuration;
  if (!apiKey || !apiSecret) throw new ConfigurationError('apiKey, apiSecret: both are needed');
  const common = { ...hosts, clock, log, pacer: new Pacer(clock) };
  return {
    clock,
    isRealTime: true,
    exchange: createBinanceExchange({ ...common, symbol, apiKey, apiSecret }),
    createMarketData: async (instrument) => createFeed(feed, { ...common, instrument }),
    attach: () => undefined,
    close: async () => undefined,
  };
}

/** Market data from where `feed` says: the exchange itself, any ccxt exchange, or our gateway. */
export function createFeed(feed: string, options: BinanceMarketDataOptions): MarketDataClient {
  const { clock, instrument, log } = options;
  const rest = feed.slice(feed.indexOf(':') + 1);
  const common = { clock, instrument, ...(log ? { log } : {}) };
  if (feed.startsWith('remote:')) {
    return createRemoteFeedClient({
      ...common,
      url: rest,
      instrument: instrument.spec,
      token: process.env.PLIMSOLL_FEED_TOKEN,
    });
  }
  if (feed.startsWith('ccxt:')) {
    const { symbol } = instrument.spec;
    return createCcxtMarketData({ ...common, exchange: rest, symbol });
  }
  return createBinanceMarketData(options);
}

function logger(presenter: Presenter, clock: Clock): (text: string) => void {
  return (text) =>
    presenter.notify({ timeMs: clock.now(), topic: 'connection', severity: 'info', text });
}
