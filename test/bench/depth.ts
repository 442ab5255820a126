/**
 * Depth frame to updated book: our reader against ccxt's own handling of the same frames, and against
 * JSON.parse alone. Frames are generated (102 levels each, 3.3 kB), or those of the recordings in the
 * folder PLIMSOLL_DATA. Both sides must end with the same best bid and ask, or there is no figure.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { MarketReader } from '../../shared/adapters/binance/market/market-reader.ts';
import { loadExchangeClass } from '../../shared/adapters/ccxt/load.ts';
import { readRecording } from '../../shared/adapters/recording/recording-reader.ts';
import type { MarketFact } from '../../shared/ports/market-data-client.ts';
import { INSTRUMENT } from '../market-data/support/frames.ts';

/** `ratio` is how many times the peer's value ours goes into. */
export interface BenchRow {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly peer: string;
  readonly peerValue: number;
  readonly ratio: number;
}

interface Material {
  readonly name: string;
  /** Combined-stream frames in an unbroken chain. */
  readonly frames: readonly Buffer[];
  readonly snapshot: string;
}

const SYMBOL = 'BTC/USDT:USDT';
const ROUNDS = 7;
/** Rounds before those that count: the compiler takes its time. */
const WARM_UP = 8;

export async function depthBench(): Promise<BenchRow[]> {
  const folder = process.env.PLIMSOLL_DATA;
  const material = folder ? await recorded(join(folder, 'recordings')) : generated(1_500);
  const { frames } = material;
  const ours = medianOf(() => runOurs(material));
  const ccxt = medianOf(await ccxtRunner(material));
  const parse = medianOf(() => ({ ms: time(frames, (raw) => JSON.parse(String(raw))), top: '' }));
  if (ours.top !== ccxt.top) throw new Error(`books differ: ${ours.top} here, ${ccxt.top} in ccxt`);
  const row = (peer: string, peerMs: number): BenchRow => ({
    name: `depth frame to updated book (${material.name})`,
    value: round((ours.ms * 1_000) / frames.length),
    unit: 'us/frame',
    peer,
    peerValue: round((peerMs * 1_000) / frames.length),
    ratio: round(peerMs / ours.ms),
  });
  return [row('ccxt handleMessage', ccxt.ms), row('JSON.parse alone', parse.ms)];
}

interface Round {
  readonly ms: number;
  /** Best bid and ask at the end, as text. */
  readonly top: string;
}

/** The whole reading: scanning, synchronisation, book, check, the published fact. */
function runOurs({ frames, snapshot }: Material): Round {
  let last: MarketFact | null = null;
  const reader = new MarketReader({
    instrument: INSTRUMENT,
    tradeStream: 'trade',
    publish: (fact) => {
      last = fact;
    },
    wantSnapshot: () => undefined,
  });
  reader.onSnapshot(snapshot);
  const ms = time(frames, (raw) => reader.onFrame(raw, 'public'));
  const { bid, ask } = (last ?? {}) as { bid?: number; ask?: number };
  return { ms, top: `${(bid ?? 0) / 10} ${(ask ?? 0) / 10}` };
}

async function ccxtRunner({ frames, snapshot }: Material): Promise<() => Round> {
  const Pro = await loadExchangeClass('binanceusdm', 'pro');
  const exchange = new Pro();
  exchange.setMarkets([MARKET as never]);
  const client = {
    url: 'wss://fstream.binance.com/public/ws/0',
    subscriptions: {},
    resolve: () => undefined,
    reject: (error: Error) => {
      throw error;
    },
  };
  const body = JSON.parse(snapshot) as { lastUpdateId: number; bids: string[][]; asks: string[][] };
  const numbers = (levels: string[][]) => levels.map((level) => level.map(Number));
  return () => {
    const book = exchange.orderBook({}, 1_000);
    book.reset({
      bids: numbers(body.bids) as [number, number][],
      asks: numbers(body.asks) as [number, number][],
      nonce: body.lastUpdateId,
    });
    exchange.orderbooks[SYMBOL] = book;
    const ms = time(frames, (raw) =>
      exchange.handleMessage(client as never, JSON.parse(String(raw))),
    );
    book.limit();
    return { ms, top: `${book.bids[0]?.[0]} ${book.asks[0]?.[0]}` };
  };
}

const MARKET = {
  id: 'BTCUSDT',
  lowercaseId: 'btcusdt',
  symbol: SYMBOL,
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
  info: {},
};

function time(frames: readonly Buffer[], handle: (raw: Buffer) => unknown): number {
  const start = performance.now();
  for (const raw of frames) handle(raw);
  return performance.now() - start;
}

/** The middle of the rounds that count. */
function medianOf(run: () => Round): Round {
  const rounds = Array.from({ length: WARM_UP + ROUNDS }, run).slice(WARM_UP);
  rounds.sort((a, b) => a.ms - b.ms);
  return rounds[Math.floor(ROUNDS / 2)] as Round;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** A thousand levels a side, and frames of 51 changes a side near a mid that wanders. */
function generated(count: number): Material {
  const random = xorshift(7);
  const middle = 600_000;
  const text = (ticks: number) => `${Math.floor(ticks / 10)}.${ticks % 10}0`;
  const size = () => (random() * 20).toFixed(3);
  const side = (sign: number, best: number, levels: number) =>
    Array.from({ length: levels }, (_, i) => [text(best + sign * i), size()]);
  const snapshot = JSON.stringify({
    lastUpdateId: 10,
    bids: side(-1, middle, 1_000),
    asks: side(1, middle + 1, 1_000),
  });
  const frames: Buffer[] = [];
  let bid = middle;
  for (let i = 0; i < count; i++) {
    const before = bid;
    bid += Math.floor(random() * 7) - 3;
    const change = (sign: number, best: number, gone: number) => {
      const levels: string[][] = [];
      // What the move has crossed is removed, the new best set, the rest changed at random.
      for (let price = gone; sign * (best - price) > 0; price += sign) {
        levels.push([text(price), '0.000']);
      }
      for (let level = 0; levels.length < 51; level++) {
        const price = best + sign * (level < 20 ? level : 20 + Math.floor(random() * 400));
        levels.push([text(price), level > 0 && random() < 0.2 ? '0.000' : `1${size()}`]);
      }
      return levels;
    };
    const u = 20 + i * 10;
    const data = {
      e: 'depthUpdate',
      E: 1_721_347_022_504 + i * 100,
      T: 1_721_347_022_504 + i * 100,
      s: 'BTCUSDT',
      U: u - 10,
      u,
      pu: u - 10,
      b: change(-1, bid, before),
      a: change(1, bid + 1, before + 1),
    };
    frames.push(Buffer.from(JSON.stringify({ stream: 'btcusdt@depth@100ms', data })));
  }
  return { name: 'generated, 102 levels', frames, snapshot };
}

function xorshift(seed: number): () => number {
  let x = seed;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) / 2 ** 32;
  };
}

/** The depth frames from the first snapshot on, with the diff before it that spans it. */
async function recorded(folder: string): Promise<Material> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.gz'))
    .sort()
    .map((name) => join(folder, name));
  const depth: Buffer[] = [];
  let snapshot = '';
  for await (const { raw } of readRecording(files)) {
    const head = raw.toString('latin1', 0, 40);
    if (head.includes('@depth')) depth.push(Buffer.from(raw));
    else if (head.startsWith('{"lastUpdateId"')) snapshot ||= raw.toString('utf8');
  }
  const { lastUpdateId } = JSON.parse(snapshot) as { lastUpdateId: number };
  const first = depth.findIndex(
    (raw) => Number(/"u":(\d+)/.exec(String(raw))?.[1]) >= lastUpdateId,
  );
  return { name: 'recorded', frames: depth.slice(first), snapshot };
}
