/** A recording of a made-up book, in the collector's format: what stood in it at any moment is known. */
import { gzipSync } from 'node:zlib';

/** Just before funding is due. */
export const START_MS = Date.UTC(2024, 6, 19, 7, 59, 0);
export const FRAME_MS = 200;
/** After a whole second: the first frame that closes a candle comes this late. */
export const FRAME_AT_MS = 130;
/** The recorder's clock is behind the exchange's. */
const CLOCK_LAG_MS = 1_400;
const LEVELS = 5;
const LOTS_A_LEVEL = 400;

interface Touch {
  readonly bid: number;
  readonly ask: number;
}

/** Best bid in ticks and spread at a frame: waves of 24 s, with steps that differ. */
function waveAt(frame: number): Touch {
  const wave = Math.sin((2 * Math.PI * frame * FRAME_MS) / 24_000);
  const bid = 650_000 + Math.round(900 * wave) + ((frame * 7) % 5);
  return { bid, ask: bid + 1 + ((frame * 3) % 4) };
}

export const touchAt = waveAt;

export function frameMs(frame: number): number {
  return START_MS + FRAME_AT_MS + frame * FRAME_MS;
}

/** What stands in the book at `timeMs`, by the exchange's clock. */
export function touchAtMs(timeMs: number): { bid: number; ask: number } {
  return touchAt(Math.floor((timeMs - START_MS - FRAME_AT_MS) / FRAME_MS));
}

const tickText = (ticks: number) => (ticks / 10).toFixed(2);
const levels = (best: number, sign: number, quantity: string) =>
  Array.from({ length: LEVELS }, (_, i) => [tickText(best + sign * i), quantity]);

const lineOf = (timeMs: number, frame: unknown) =>
  `${timeMs - CLOCK_LAG_MS}000000 ${JSON.stringify(frame)}\n`;

/** Up, down, and up again so slowly that an average of 150 s still says down: a short is deep under water by then. */
export function valleyAt(frame: number): Touch {
  const down = Math.min(Math.max(0, frame - 950), 265);
  const bid = 600_000 + 5 * Math.min(frame, 950) - 10 * down + 4 * Math.max(0, frame - 1_215);
  return { bid, ask: bid + 1 };
}

/** A snapshot and `count` frames after it; a trade of one lot at the ask with every fifth. */
export function recording(count: number, touchAt: (frame: number) => Touch = waveAt): Buffer {
  const quantity = (LOTS_A_LEVEL / 1_000).toFixed(3);
  let { bid, ask } = touchAt(0);
  const lines = [
    lineOf(frameMs(0), {
      ...{ lastUpdateId: 10, E: frameMs(0), T: frameMs(0) },
      bids: levels(bid, -1, quantity),
      asks: levels(ask, 1, quantity),
    }),
  ];
  for (let frame = 1; frame < count; frame++) {
    const timeMs = frameMs(frame);
    const next = touchAt(frame);
    const gone = [levels(bid, -1, '0.000'), levels(ask, 1, '0.000')] as const;
    ({ bid, ask } = next);
    const data = {
      ...{ e: 'depthUpdate', E: timeMs, T: timeMs, s: 'BTCUSDT' },
      ...{ U: 10 + frame, u: 10 + frame, pu: 9 + frame },
      b: [...gone[0], ...levels(bid, -1, quantity)],
      a: [...gone[1], ...levels(ask, 1, quantity)],
    };
    lines.push(lineOf(timeMs, { stream: 'btcusdt@depth@0ms', data }));
    if (frame % 5 === 0) {
      const trade = {
        ...{ e: 'trade', E: timeMs, T: timeMs, s: 'BTCUSDT', t: frame },
        ...{ p: tickText(ask), q: '0.001', X: 'MARKET', m: false },
      };
      lines.push(lineOf(timeMs, { stream: 'btcusdt@trade', data: trade }));
    }
  }
  return gzipSync(lines.join(''));
}
