/**
 * Depth frame received to intent emitted, at 1,000 frames a second: the bytes read, the book moved, the
 * event journaled and stepped, the journal flushed, the recordIntent command seen. The peer is the same
 * runtime, engine and journal behind JSON.parse and ccxt's order book, by turns of a second.
 */
import type { Command } from '../../shared/core/command.ts';
import type { Lots, Ticks, TimeMs } from '../../shared/core/units.ts';
import { type CcxtBook, createCcxtBook } from './ccxt-book.ts';
import { type BenchRow, percentile, row } from './rows.ts';
import {
  flippingDepth,
  inTemporaryFolder,
  paced,
  performAtOnce,
  TradingRig,
} from './trading-rig.ts';

const FRAMES_PER_SECOND = 1_000;
/** Four frames a candle, and a candle a signal. */
const STEP_MS = 250;
const WARM_UP_FRAMES = 2_000;
const MEASURED_FRAMES = 5_000;
const TURN_FRAMES = 1_000;
const INTENTS_MIN = 1_000;
const P99_MAX_US = 500;

export function intentBench(): Promise<BenchRow[]> {
  return inTemporaryFolder(async (directory) => {
    const { frames, snapshot } = flippingDepth(WARM_UP_FRAMES + MEASURED_FRAMES, STEP_MS);
    const ccxt = await createCcxtBook();
    ccxt.load(snapshot);
    const ours = new Party(directory, snapshot, (rig, raw) => rig.onFrame(raw));
    const peer = new Party(directory, snapshot, (rig, raw) => throughCcxt(ccxt, rig, raw));
    for (let from = 0; from < frames.length; from += TURN_FRAMES) {
      const turn = frames.slice(from, from + TURN_FRAMES);
      for (const party of [ours, peer]) await party.take(turn, from >= WARM_UP_FRAMES);
    }
    await Promise.all([ours.close(), peer.close()]);
    if (ours.latenciesUs.length < INTENTS_MIN) {
      throw new Error(`only ${ours.latenciesUs.length} intents`);
    }
    const figure = (share: number) => ({
      name: `depth frame received to intent emitted, p${share * 100} of ${ours.latenciesUs.length}`,
      value: percentile(ours.latenciesUs, share),
      unit: 'us',
      peer: 'the same behind JSON.parse and ccxt handleMessage',
      peerValue: percentile(peer.latenciesUs, share),
    });
    return [row(figure(0.5)), row({ ...figure(0.99), limit: { valueMax: P99_MAX_US } })];
  });
}

class Party {
  readonly latenciesUs: number[] = [];
  readonly #rig: TradingRig;
  readonly #onFrame: (rig: TradingRig, raw: Buffer) => void;
  #receivedNs = 0n;
  #isMeasuring = false;

  constructor(
    directory: string,
    snapshot: string,
    onFrame: (rig: TradingRig, raw: Buffer) => void,
  ) {
    const answer = performAtOnce(() => this.#rig);
    const perform = (command: Command) => {
      if (command.kind === 'recordIntent' && this.#isMeasuring) {
        this.latenciesUs.push(Number(process.hrtime.bigint() - this.#receivedNs) / 1_000);
      }
      // An answer takes its time: it is never there before the frame has been dealt with.
      setImmediate(() => answer(command));
    };
    this.#rig = new TradingRig({ directory, snapshot, stepMs: STEP_MS, epoch: 1, perform });
    this.#rig.begin();
    this.#onFrame = onFrame;
  }

  async take(frames: readonly Buffer[], isMeasured: boolean): Promise<void> {
    this.#isMeasuring = isMeasured;
    await paced({ count: frames.length, perSecond: FRAMES_PER_SECOND }, (index) => {
      this.#rig.betweenFrames();
      this.#receivedNs = process.hrtime.bigint();
      this.#onFrame(this.#rig, frames[index] as Buffer);
    });
  }

  close(): Promise<void> {
    return this.#rig.close();
  }
}

/** Ticks a tenth of a unit, lots a thousandth; ccxt hands out floats. */
function throughCcxt(ccxt: CcxtBook, { runtime }: TradingRig, raw: Buffer): void {
  const message = JSON.parse(String(raw)) as { data: { E: number } };
  ccxt.onMessage(message);
  const { bid, ask, bidAmount, askAmount } = ccxt.top();
  runtime.post({ kind: 'feedStatus', feed: 'book', status: 'up', reason: 'ccxt' });
  runtime.post({
    kind: 'book',
    exchangeMs: message.data.E as TimeMs,
    bid: Math.round(bid * 10) as Ticks,
    bidLots: Math.round(bidAmount * 1_000) as Lots,
    ask: Math.round(ask * 10) as Ticks,
    askLots: Math.round(askAmount * 1_000) as Lots,
  });
}
