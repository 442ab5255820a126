/** Where Binance USD-M futures and its demo answer. */
export const HOSTS = {
  live: { restUrl: 'https://fapi.binance.com', wsUrl: 'wss://fstream.binance.com' },
  demo: { restUrl: 'https://demo-fapi.binance.com', wsUrl: 'wss://fstream.binancefuture.com' },
} as const;
