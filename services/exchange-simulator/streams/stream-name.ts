/** Names of market streams, and which of the split paths carries which. Source: reference §4. */

import { KLINE_INTERVALS_MS } from '../../../shared/simulation/venue.ts';

/** The first part of a stream path; `root` is the old path without one. */
export type StreamPath = 'public' | 'market' | 'private' | 'root';

export type MarketStream =
  | { readonly kind: 'depth' | 'bookTicker' | 'trade' | 'aggTrade' | 'forceOrder' | 'contractInfo' }
  | { readonly kind: 'partialDepth'; readonly levels: number }
  | { readonly kind: 'markPrice'; readonly everyMs: number }
  | { readonly kind: 'kline'; readonly interval: string };

const MARK_PRICE_MS = 3_000;

const PATHS: Readonly<Record<MarketStream['kind'], readonly StreamPath[]>> = {
  // The old root still carries at most the public streams.
  depth: ['public', 'root'],
  partialDepth: ['public', 'root'],
  bookTicker: ['public', 'root'],
  // Undocumented: ccxt asks for it on /public, others on /market.
  trade: ['public', 'market', 'root'],
  aggTrade: ['market'],
  markPrice: ['market'],
  kline: ['market'],
  forceOrder: ['market'],
  contractInfo: ['market'],
};

/** The stream `name` means for `symbol`; null for a name this exchange has no such stream for. */
export function parseStream(name: string, symbol: string): MarketStream | null {
  if (name === '!contractInfo') return { kind: 'contractInfo' };
  const [head, type, speed] = name.split('@');
  if (type === undefined || head !== symbol.toLowerCase()) return null;
  if (type === 'bookTicker' || type === 'trade' || type === 'aggTrade' || type === 'forceOrder') {
    return speed === undefined ? { kind: type } : null;
  }
  if (type === 'markPrice') {
    if (speed !== undefined && speed !== '1s') return null;
    return { kind: 'markPrice', everyMs: speed === '1s' ? 0 : MARK_PRICE_MS };
  }
  const depth = /^depth(5|10|20)?$/.exec(type);
  if (depth && (speed === undefined || /^\d{1,4}ms$/.test(speed))) {
    return depth[1] ? { kind: 'partialDepth', levels: Number(depth[1]) } : { kind: 'depth' };
  }
  const interval = /^kline_(\w+)$/.exec(type)?.[1];
  if (interval === undefined || speed !== undefined) return null;
  return Object.hasOwn(KLINE_INTERVALS_MS, interval) ? { kind: 'kline', interval } : null;
}

/** Whether a stream gives data on a path; on a wrong one it is silent, as at Binance. */
export function isCarriedOn(stream: MarketStream, path: StreamPath): boolean {
  return PATHS[stream.kind].includes(path);
}
