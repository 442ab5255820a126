/** Picks the rows a list request asks for. */
import type { ListQuery } from './venue.ts';

const LIMIT_DEFAULT = 500;
const LIMIT_MAX = 1_000;

/** `rows` oldest first; without a start the newest ones, else the first from there. */
export function select<Row extends { readonly timeMs: number }>(
  rows: readonly Row[],
  query: ListQuery,
  idOf: (row: Row) => number,
): Row[] {
  const { fromId, startMs, endMs } = query;
  const limit = Math.min(query.limit ?? LIMIT_DEFAULT, LIMIT_MAX);
  const asked = rows.filter(
    (row) =>
      idOf(row) >= (fromId ?? 0) &&
      row.timeMs >= (startMs ?? 0) &&
      row.timeMs <= (endMs ?? Number.MAX_SAFE_INTEGER),
  );
  const isFromStart = fromId !== undefined || startMs !== undefined;
  return isFromStart ? asked.slice(0, limit) : asked.slice(-limit);
}
