/**
 * Depth frame to updated book: our reader against ccxt's own handling of the same frames, and against
 * JSON.parse alone. Frames are generated, or those of the recordings in the folder PLIMSOLL_DATA.
 * Both sides must end with the same best bid and ask, or there is no figure.
 */
import { join } from 'node:path';
import { MarketReader } from '../../shared/adapters/binance/market/market-reader.ts';
import type { MarketFact } from '../../shared/ports/market-data-client.ts';
import { INSTRUMENT } from '../market-data/support/frames.ts';
import { createCcxtBook } from './ccxt-book.ts';
import { type DepthMaterial, generatedDepth, recordedDepth, xorshift } from './depth-frames.ts';
import { type BenchRow, elapsedNs, interleaved, row } from './rows.ts';

export async function depthBench(): Promise<BenchRow[]> {
  const folder = process.env.PLIMSOLL_DATA;
  const material = folder ? await recordedDepth(join(folder, 'recordings')) : wandering(1_500);
  const { frames, snapshot } = material;
  const ccxt = await createCcxtBook();
  let ourTop = '';
  let ccxtTop = '';
  const ns = interleaved(
    {
      ours: () => {
        const round = runOurs(material);
        ourTop = round.top;
        return round.ns;
      },
      ccxt: () => {
        ccxt.load(snapshot);
        const ns = elapsedNs(() => {
          for (const raw of frames) ccxt.onMessage(JSON.parse(String(raw)));
        });
        const { bid, ask } = ccxt.top();
        ccxtTop = `${bid} ${ask}`;
        return ns;
      },
      parse: () =>
        elapsedNs(() => {
          for (const raw of frames) JSON.parse(String(raw));
        }),
    },
    folder ? { warmUp: 1, rounds: 5 } : { warmUp: 8, rounds: 15 },
  );
  if (ourTop !== ccxtTop) throw new Error(`books differ: ${ourTop} here, ${ccxtTop} in ccxt`);
  const against = (peer: string, peerNs: number) => ({
    name: `depth frame to updated book (${material.name})`,
    value: ns.ours / 1_000 / frames.length,
    unit: 'us/frame',
    peer,
    peerValue: peerNs / 1_000 / frames.length,
  });
  return [
    row({
      ...against('ccxt: JSON.parse and handleMessage', ns.ccxt),
      limit: { ratioMin: 20 },
    }),
    row(against('JSON.parse alone', ns.parse)),
  ];
}

/** The whole reading: scanning, synchronisation, book, check, the published fact. */
function runOurs({ frames, snapshot }: DepthMaterial): { ns: number; top: string } {
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
  const ns = elapsedNs(() => {
    for (const raw of frames) reader.onFrame(raw, 'public');
  });
  const { bid = 0, ask = 0 } = (last ?? {}) as { bid?: number; ask?: number };
  return { ns, top: `${bid / 10} ${ask / 10}` };
}

/** A mid that moves up to three ticks a frame. */
function wandering(count: number): DepthMaterial {
  const random = xorshift(11);
  const bids = [600_000];
  for (let i = 1; i < count; i++) {
    bids.push((bids[i - 1] ?? 0) + Math.floor(random() * 7) - 3);
  }
  return generatedDepth({
    count,
    bidAt: (index) => bids[index] ?? 0,
    startMs: Date.UTC(2026, 0, 2),
    stepMs: 100,
  });
}
