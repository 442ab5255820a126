/**
 * `plimsoll replay`: events a second of reading, checking and stepping a journal that a trading session
 * wrote, comparing every command. The peer only decodes: JSON.parse of the same records, no engine.
 */
import { readFileSync } from 'node:fs';
import { replayJournal } from '../../services/cli/replay.ts';
import { type BenchRow, elapsedNs, median, row } from './rows.ts';
import { flippingDepth, inTemporaryFolder, performAtOnce, TradingRig } from './trading-rig.ts';

const FRAMES = 40_000;
/** A book every 50 ms, so a signal and a round of order events every twenty books. */
const STEP_MS = 50;
const ROUNDS = 5;
/** `<crc> <type> ` before each record's JSON. */
const PREFIX_CHARS = 11;

export function replayBench(): Promise<BenchRow[]> {
  return inTemporaryFolder(async (directory) => {
    const file = await recordSession(directory);
    const perSecond: { replay: number[]; parse: number[] } = { replay: [], parse: [] };
    let events = 0;
    for (let i = 0; i < ROUNDS; i++) {
      const start = process.hrtime.bigint();
      const result = await replayJournal(file);
      const seconds = Number(process.hrtime.bigint() - start) / 1e9;
      if (result.difference !== null) throw new Error(`replay differs: ${result.difference}`);
      events = result.events;
      perSecond.replay.push(events / seconds);
      const parseNs = elapsedNs(() => {
        for (const line of readFileSync(file, 'utf8').split('\n')) {
          if (line !== '') JSON.parse(line.slice(PREFIX_CHARS));
        }
      });
      perSecond.parse.push(events / (parseNs / 1e9));
    }
    return [
      row({
        name: `journal replayed and compared (${events} events)`,
        value: median(perSecond.replay),
        unit: 'events/s',
        peer: 'reading the file and JSON.parse of each line alone',
        peerValue: median(perSecond.parse),
        isMoreBetter: true,
      }),
    ];
  });
}

/** A session that trades with every candle; the file of its journal. */
async function recordSession(directory: string): Promise<string> {
  const { frames, snapshot } = flippingDepth(FRAMES, STEP_MS);
  const perform = performAtOnce(() => rig);
  const rig: TradingRig = new TradingRig({
    directory,
    snapshot,
    stepMs: STEP_MS,
    epoch: 1,
    perform: (command) => queueMicrotask(() => perform(command)),
  });
  rig.begin();
  for (const raw of frames) {
    rig.betweenFrames();
    rig.onFrame(raw);
    // Lets what the frame led to happen before the next one.
    await Promise.resolve();
  }
  const { journalFile } = rig;
  await rig.close();
  return journalFile;
}
