/**
 * Goal: a backtest on a recording is the session a trader has on it, and an order meets the book that stands when it
 * arrives. Method: a made-up recording of waves, through the whole trader over real protocols and through the
 * backtest, fill by fill; real recordings where PLIMSOLL_DATA names a folder of them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { RecordedExchange } from '../../research/backtest/recorded-exchange.ts';
import { addBacktestCommand } from '../../services/cli/backtest.ts';
import { addResearchCommand } from '../../services/cli/research.ts';
import type { Event, Unstamped } from '../../shared/core/event.ts';
import type { Intent } from '../../shared/core/trading/order.ts';
import { parseMoney } from '../../shared/core/units.ts';
import { btcLike } from '../../shared/simulation/btc-like.ts';
import { ran } from '../support/command-line.ts';
import { finished, storyFolder, summaryFile } from '../support/sessions.ts';
import {
  FRAME_AT_MS,
  frameMs,
  recording,
  touchAt,
  touchAtMs,
  valleyAt,
} from './recorded-support.ts';

const DATA = process.env.PLIMSOLL_DATA;
const folder = storyFolder('recorded');
const RULE = ['--param', 'longWindow=12', '--param', 'smoothingWindow=3', '--interval', '1s'];
/** What a session on the exchange simulator has where nothing is said. */
const AS_TRADED = ['--cash', '10000', '--size', '0.1x', '--latency-ms', '5', '--risk', 'none'];
const text = (name: string) => readFileSync(join(folder, name), 'utf8');

writeFileSync(join(folder, 'waves.gz'), recording(560));

interface Row {
  readonly [column: string]: string;
}

function rowsOf(csv: string): Row[] {
  const [header = '', ...lines] = csv.trim().split('\n');
  const columns = header.split(',');
  return lines.map((line) =>
    Object.fromEntries(line.split(',').map((cell, i) => [columns[i] ?? '', cell])),
  );
}

/** Backtests, in this process or by the program, and returns result, signals and fills. */
async function backtested(
  { name, data, by = ran }: { name: string; data: readonly string[]; by?: typeof ran },
  ...args: readonly string[]
) {
  const files = [`${name}.json`, `${name}-signals.csv`, `${name}-trades.csv`] as const;
  const said = await by(
    [
      ...['backtest', ...data.flatMap((file) => ['--data', file]), ...args],
      ...['--json', files[0], '--signals', files[1], '--trades', files[2]],
    ],
    folder,
  );
  expect(said).toContain('final equity');
  return {
    said,
    result: JSON.parse(text(files[0])),
    signals: rowsOf(text(files[1])),
    fills: rowsOf(text(files[2])),
  };
}

async function byProgram(args: readonly string[], directory = folder): Promise<string> {
  const { code, text } = await finished(args, directory);
  expect(code, text).toBe(0);
  return text;
}

const storeOf = (name: string) => ['--store', `sqlite:${join(folder, `${name}.sqlite`)}`];

/** A session of the trader on the same recording; its summary. */
async function traded(name: string, data: readonly string[], ...args: readonly string[]) {
  await ran(
    [
      ...['trade', ...data.flatMap((file) => ['--replay', file]), '--speed', 'max', ...args],
      ...[...storeOf(name), '--summary', join(folder, `${name}-summary.json`)],
    ],
    folder,
  );
  return summaryFile(join(folder, `${name}-summary.json`));
}

/** The fills of a session in the backtest's words. */
async function fillsOf(name: string): Promise<Row[]> {
  const csv = await ran(['export', 'fills', ...storeOf(name)], folder);
  return rowsOf(csv).map((fill) => ({
    time: String(Date.parse(fill.time ?? '')),
    side: fill.side ?? '',
    quantity: (Number(fill.lots) / 1_000).toFixed(3),
    price: (Number(fill.priceTicks) / 10).toFixed(2),
    fee: fill.feeUsdt ?? '',
    realised: fill.realizedPnlUsdt ?? '',
  }));
}

const shared = ({ time, side, quantity, price, fee, realised }: Row) => ({
  ...{ time, side, quantity, price, fee, realised },
});

async function expectSame(name: string, data: readonly string[], ...args: readonly string[]) {
  const summary = await traded(name, data, ...args);
  const { result, signals, fills } = await backtested({ name, data }, ...args, ...AS_TRADED);
  expect(await fillsOf(name)).toEqual(fills.map(shared));
  expect(summary.signals).toBe(signals.length);
  expect(summary.candles).toBe(result.bars);
  expect(fills.at(-1)?.wallet).toBe(summary.walletBalance);
  expect(fills.at(-1)?.position).toBe(summary.position);
  expect(Number(summary.funding)).toBeCloseTo(result.funding, 8);
  expect(Number(summary.fees)).toBeCloseTo(result.fees, 8);
  return { signals, fills, summary };
}

/** Rejects with what the command line would tell. */
function given(command: string, file: string, ...args: readonly string[]): Promise<unknown> {
  const program = new Command().exitOverride();
  addBacktestCommand(program);
  addResearchCommand(program);
  const words = [command, '--data', join(folder, file), ...args];
  return program.parseAsync(words, { from: 'user' });
}

describe('a backtest on a recording', () => {
  it('fills what a trader on the same recording fills, to the millisecond and to 1e-8', async () => {
    const { fills, summary } = await expectSame('waves', ['waves.gz'], ...RULE);
    expect(fills.length).toBeGreaterThan(5);
    expect(Number(summary.funding)).not.toBe(0);
  }, 60_000);

  it('meets a stop at the exchange, and stays out after', async () => {
    writeFileSync(join(folder, 'valley.gz'), recording(1_720, valleyAt));
    const rule = ['--param', 'longWindow=150', '--param', 'smoothingWindow=3', '--interval', '1s'];
    rule.push('--size', '25lots', '--risk', 'none');
    const run = (stop: string) =>
      backtested({ name: `valley-${stop}`, data: ['valley.gz'] }, ...rule, '--stop', stop);
    const [stopped, free] = [await run('0.25'), await run('none')];
    expect(free.fills.map(({ side, reason }) => [side, reason])).toEqual([['sell', 'signal']]);
    expect(free.result).toMatchObject({ counts: { stops: 0 }, assumptions: { stopPercent: null } });
    expect(stopped.fills[0]).toEqual(free.fills[0]);
    expect(stopped.fills[1]).toMatchObject({ side: 'buy', reason: 'stop', position: '0.000' });
    // The mark lags behind the mids it is the mean of: by then the price is beyond the stop.
    const stop = Number(stopped.fills[0]?.price) * 1.0025;
    expect(Number(stopped.fills[1]?.price)).toBeGreaterThan(stop);
    expect(stopped.fills).toHaveLength(2);
    expect(stopped.result).toMatchObject({
      counts: { stops: 1, stopsAtMark: 1, liquidations: 0 },
      assumptions: { stopPercent: 0.25 },
    });
  }, 60_000);

  it('rests as a trader on the same recording rests, for the maker’s fee', async () => {
    // Ends with nothing at rest: a session that ends takes what a backtest leaves in the book.
    writeFileSync(join(folder, 'resting.gz'), recording(540));
    const { fills } = await expectSame('maker', ['resting.gz'], ...RULE, '--execution', 'maker');
    const bps = fills.map(
      ({ fee, price, quantity }) => (1e4 * Number(fee)) / Number(price) / Number(quantity),
    );
    const asMaker = bps.filter((rate) => Math.abs(rate - 2) < 0.001).length;
    expect(asMaker).toBeGreaterThan(0);
    expect(bps.filter((rate) => Math.abs(rate - 5) < 0.001)).toHaveLength(fills.length - asMaker);
  });

  it('sends an order on its way for the latency, to the book that stands when it arrives', async () => {
    for (const latencyMs of [0, 500]) {
      const { signals, fills, result } = await backtested(
        { name: `latency-${latencyMs}`, data: ['waves.gz'] },
        ...[...RULE, '--latency-ms', `${latencyMs}`, '--size', '25lots', '--risk', 'none'],
      );
      expect(fills.length).toBe(signals.length);
      expect(fills.length).toBeGreaterThan(5);
      for (const [i, fill] of fills.entries()) {
        // The first frame after the candle's end closes it and asks the strategy.
        const sentMs = Number(signals[i]?.time) + 1_000 + FRAME_AT_MS;
        expect(Number(fill.time)).toBe(sentMs + latencyMs);
        const { bid, ask } = touchAtMs(Number(fill.time));
        expect(Number(fill.price)).toBeCloseTo((fill.side === 'buy' ? ask : bid) / 10, 6);
      }
      expect(result.assumptions).toMatchObject({ fill: 'recorded book', latencyMs });
      expect(result).toMatchObject({
        breakEvenFeeBps: null,
        breakEvenNote: expect.stringContaining('recording'),
      });
    }
  });

  it('says the same twice, with the report', async () => {
    const run = (name: string, by: typeof ran) =>
      backtested({ name, data: ['waves.gz'], by }, ...RULE, '--report', `${name}.html`);
    const [one, two] = [await run('one', byProgram), await run('two', ran)];
    expect(two.result).toEqual(one.result);
    expect(text('two.html')).toBe(text('one.html'));
    expect(text('one.html')).toContain('against the recorded book');
    expect(one.said).toContain('0 fills as maker, at 2');
  });

  it.each([
    [['--slippage-bps', '1'], /recorded book says what a fill costs/],
    [['--lots', 'none'], /whole lots only/],
    [['--funding', 'rates.csv'], /charges its own rate/],
    [['--from', '2024-01-01'], /played whole/],
    [['--latency-ms', '1001'], /at most 1000/],
    [['--fee-bps', '0.001'], /steps of 0.01 bps/],
    [['--leverage', '2.5'], /whole numbers/],
  ])('refuses %s, which a recording cannot answer', async (args, reason) => {
    await expect(given('backtest', 'waves.gz', ...args)).rejects.toThrow(reason);
  });

  it('is not for research, and candles are not for --interval', async () => {
    await expect(given('research', 'waves.gz')).rejects.toThrow('give it to `backtest`');
    const bar = '1700000040000,1,1,1,1,1';
    writeFileSync(join(folder, 'candles.csv'), `open_time,open,high,low,close,volume\n${bar}\n`);
    const interval = given('backtest', 'candles.csv', '--interval', '1s');
    await expect(interval).rejects.toThrow('have their own');
  });
});

describe('the exchange of a recording', () => {
  /** Frames for the exchange alone: the book of `touchAt`, then what `after` says, one a frame time. */
  function exchangeOn(after: readonly object[], facts: Unstamped<Event>[]) {
    const { bid, ask } = touchAt(0);
    const level = (ticks: number, lots: number) => [
      (ticks / 10).toFixed(2),
      (lots / 1_000).toFixed(3),
    ];
    const book = { lastUpdateId: 10, bids: [level(bid, 5)], asks: [level(ask, 400)] };
    const frames = [book, ...after].map((frame, i) => ({
      receivedMs: frameMs(i),
      raw: JSON.stringify(frame),
      frame,
      ...{ file: 'made up', line: i + 1 },
    }));
    return new RecordedExchange({
      instrument: btcLike('BTCUSDT'),
      offsetMs: 0,
      next: () => frames.shift() ?? null,
      hear: () => undefined,
      tell: (fact) => facts.push(fact),
      ...{ latencyMs: 50, makerFeePpm: 150, takerFeePpm: 450, leverage: 3 },
      cash: parseMoney('10000'),
    });
  }

  it('charges the maker fee where a resting order is filled, after the queue before it', () => {
    const { bid } = touchAt(0);
    const price = (bid / 10).toFixed(2);
    const sell = (t: number, q: string) => ({
      stream: 'btcusdt@trade',
      data: { e: 'trade', s: 'BTCUSDT', T: frameMs(t), t, p: price, q, X: 'MARKET', m: true },
    });
    const facts: Unstamped<Event>[] = [];
    const exchange = exchangeOn([sell(1, '0.004'), sell(2, '0.003')], facts);
    exchange.advanceTo(exchange.nextMs()!);
    exchange.place({
      purpose: 'open',
      request: {
        ...{ clientOrderId: 'p-back-1-1', side: 'buy', lots: 2, price: bid },
        ...{ timeInForce: 'GTC', reduceOnly: false },
      },
    } as unknown as Intent);
    for (let ms = exchange.nextMs(); ms !== null; ms = exchange.nextMs()) exchange.advanceTo(ms);
    const fills = facts.flatMap((fact) => (fact.kind === 'fill' ? [fact.fill] : []));
    // Five lots stood before it: four of them went with the first trade, the last with the second.
    expect(fills).toMatchObject([{ isMaker: true, lots: 2, price: bid, exchangeMs: frameMs(2) }]);
    // 2 lots × bid ticks × 10,000 quanta × 150 ppm.
    expect(fills[0]!.fee).toBe(Math.ceil(2 * bid * 10_000 * 0.000_15));
    expect(exchange.account).toMatchObject({ makerFills: 1, position: 2 });
    exchange.check();
  });
});

describe.skipIf(!DATA)('real recordings', () => {
  it('give the six signals and fills that the trader has on them', async () => {
    const data = ['18', '19'].map((day) => `${DATA}/recordings/usdm_btcusdt_202407${day}.gz`);
    const rule = ['--param', 'longWindow=60', '--param', 'smoothingWindow=5', '--interval', '1s'];
    const { signals } = await expectSame('real', data, ...rule);
    expect(signals).toHaveLength(6);
    const resting = await expectSame('real-maker', data, ...rule, '--execution', 'maker');
    expect(resting.fills).toHaveLength(20);
  }, 120_000);
});
