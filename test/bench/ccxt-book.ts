/** ccxt.pro's own order book of BTCUSDT, fed by hand instead of by its socket: the peer of our reader. */
import { loadExchangeClass } from '../../shared/adapters/ccxt/load.ts';

export interface CcxtBook {
  /** Begins anew from the body of a depth snapshot. */
  load(snapshot: string): void;
  /** Handles a parsed frame as ccxt does when it comes over its socket. */
  onMessage(message: unknown): void;
  /** Best bid and ask as ccxt's user reads them. */
  top(): CcxtTop;
}

export interface CcxtTop {
  readonly bid: number;
  readonly bidAmount: number;
  readonly ask: number;
  readonly askAmount: number;
}

export const CCXT_SYMBOL = 'BTC/USDT:USDT';
/** BTCUSDT as ccxt describes it, so that nothing need be fetched. */
export const CCXT_MARKET = {
  id: 'BTCUSDT',
  lowercaseId: 'btcusdt',
  symbol: CCXT_SYMBOL,
  base: 'BTC',
  quote: 'USDT',
  settle: 'USDT',
  type: 'swap',
  swap: true,
  spot: false,
  linear: true,
  contract: true,
  active: true,
  precision: { price: 0.1, amount: 0.001 },
  limits: {},
  info: { orderTypes: ['LIMIT', 'MARKET'], timeInForce: ['GTC', 'IOC', 'FOK', 'GTX'] },
};
/** ccxt trims its book to this many levels a side. */
const LEVELS = 1_000;

export async function createCcxtBook(): Promise<CcxtBook> {
  const Pro = await loadExchangeClass('binanceusdm', 'pro');
  const exchange = new Pro();
  exchange.setMarkets([CCXT_MARKET as never]);
  const client = {
    url: 'wss://fstream.binance.com/public/ws/0',
    subscriptions: {},
    resolve: () => undefined,
    reject: (error: Error) => {
      throw error;
    },
  };
  const numbers = (levels: string[][]) =>
    levels.map((level) => level.map(Number)) as [number, number][];
  let book = exchange.orderBook({}, LEVELS);
  return {
    load(snapshot) {
      const { bids, asks, lastUpdateId } = JSON.parse(snapshot);
      book = exchange.orderBook({}, LEVELS);
      book.reset({ bids: numbers(bids), asks: numbers(asks), nonce: lastUpdateId });
      exchange.orderbooks[CCXT_SYMBOL] = book;
    },
    onMessage: (message) => exchange.handleMessage(client as never, message as never),
    top() {
      book.limit();
      const [bid = Number.NaN, bidAmount = Number.NaN] = book.bids[0] ?? [];
      const [ask = Number.NaN, askAmount = Number.NaN] = book.asks[0] ?? [];
      return { bid, bidAmount, ask, askAmount };
    },
  };
}
