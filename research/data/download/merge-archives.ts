/** Archive files of one series, oldest first, as one gzipped CSV. The same files give the same bytes. */
import { createWriteStream, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { readSource } from '../load-bars.ts';
import { unpack } from '../unpack.ts';
import type { ArchiveKind, Period } from './archive-files.ts';
import { CandleRows, FundingRows, type PartRows, TradeRows } from './part-rows.ts';

const CANDLE_HEADER = 'open_time,open,high,low,close,volume\n';

const HEADERS: Readonly<Record<ArchiveKind, string>> = {
  klines: CANDLE_HEADER,
  markPriceKlines: CANDLE_HEADER,
  aggTrades:
    'agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n',
  fundingRate: 'funding_time,funding_rate\n',
};

const ROWS: Readonly<Record<ArchiveKind, (period: Period) => PartRows>> = {
  klines: (period) => new CandleRows(period),
  markPriceKlines: (period) => new CandleRows(period),
  aggTrades: () => new TradeRows(),
  fundingRate: (period) => new FundingRows(period),
};

export interface MergeOrder {
  readonly kind: ArchiveKind;
  /** Paths of archive zips, oldest first. */
  readonly parts: readonly string[];
  /** Of the merged file; it appears whole or not at all. */
  readonly path: string;
  /** Rows outside are left out: funding comes by the month only. */
  readonly period: Period;
}

/** What was merged. Throws DataSetError naming the part that is malformed. */
export async function mergeArchives({ kind, parts, path, period }: MergeOrder): Promise<PartRows> {
  mkdirSync(dirname(path), { recursive: true });
  const rows = ROWS[kind](period);
  const beside = `${path}.tmp`;
  try {
    await pipeline(lines(kind, rows, parts), createGzip(), createWriteStream(beside));
    renameSync(beside, path);
    return rows;
  } finally {
    rmSync(beside, { force: true });
  }
}

async function* lines(kind: ArchiveKind, rows: PartRows, parts: readonly string[]) {
  yield HEADERS[kind];
  for (const part of parts) yield* rows.take(await unpack(readSource(part), part), part);
}
