/**
 * The gateway: one connection to the exchange's market streams, published to any number of traders over
 * RemoteFeed and, where wanted, recorded as received. It knows no account and no strategy.
 */
import { createBinanceMarketData } from '../../shared/adapters/binance/market/binance-market-data.ts';
import { fetchInstrument } from '../../shared/adapters/binance/market/fetch-instrument.ts';
import { RecordingWriter } from '../../shared/adapters/recording/recording-writer.ts';
import { createRemoteFeedPublisher } from '../../shared/adapters/remote-feed/publisher.ts';
import { Instrument } from '../../shared/core/instrument.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import type { MarketDataStats } from '../../shared/ports/market-data-client.ts';

export interface GatewayOptions {
  readonly restUrl: string;
  readonly wsUrl: string;
  readonly symbol: string;
  readonly clock: Clock;
  /** Loopback where absent; anything else needs a token. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly token?: string | undefined;
  /** Raw frames are recorded there where given. */
  readonly recordDirectory?: string | undefined;
  /** E.g. "depth@100ms". */
  readonly depthStream?: string;
  readonly tradeStream?: 'aggTrade' | 'trade';
  readonly log?: (message: string) => void;
}

export interface Gateway {
  readonly port: number;
  stats(): MarketDataStats & {
    readonly clients: number;
    readonly recorded: number;
    readonly unrecorded: number;
  };
  /** Ends the connections and the recording; resolves once all is on disk. */
  close(): Promise<void>;
}

/**
 * Starts a gateway. Rejects where it cannot start: the port is taken (Node's EADDRINUSE), the exchange
 * does not answer, the symbol is unknown, the directory cannot be written. Later failures are its own
 * to repair, and are logged.
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { clock, log = () => undefined } = options;
  const spec = await fetchInstrument(options);
  const publisher = createRemoteFeedPublisher({
    clock,
    log,
    instrument: spec,
    port: options.port,
    token: options.token,
    ...(options.host === undefined ? {} : { host: options.host }),
  });
  const port = await publisher.listen();
  const recorder = openRecorder(options, log);
  const market = createBinanceMarketData({
    restUrl: options.restUrl,
    wsUrl: options.wsUrl,
    instrument: new Instrument(spec),
    clock,
    log,
    onRaw: (raw) => recorder?.write(raw),
    ...(options.depthStream === undefined ? {} : { depthStream: options.depthStream }),
    ...(options.tradeStream === undefined ? {} : { tradeStream: options.tradeStream }),
  });
  await market.start({
    onMarket(fact) {
      if (fact.kind === 'feedStatus') log(`${fact.feed} ${fact.status}: ${fact.reason}`);
      publisher.onMarket(fact);
    },
  });
  return {
    port,
    stats() {
      const { written = 0, dropped = 0 } = recorder?.counts ?? {};
      const { clients } = publisher;
      return { ...market.stats(), clients, recorded: written, unrecorded: dropped };
    },
    async close() {
      await market.stop();
      await publisher.close();
      await recorder?.close();
    },
  };
}

function openRecorder(
  { recordDirectory, symbol, clock }: GatewayOptions,
  log: (message: string) => void,
): RecordingWriter | null {
  if (recordDirectory === undefined) return null;
  return new RecordingWriter({
    directory: recordDirectory,
    symbol,
    clock,
    onError: (error) => log(`recording has stopped: ${error.message}`),
  });
}
