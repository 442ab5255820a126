/**
 * Reads the account in the order reconciliation needs: fills and payments first, then position,
 * wallet and open orders.
 */
import type { ReadAccountCommand } from '../../shared/core/command.ts';
import type { AccountSnapshotEvent, Unstamped } from '../../shared/core/event.ts';
import type { TimeMs } from '../../shared/core/units.ts';
import type { Clock } from '../../shared/ports/clock.ts';
import { type ExchangeClient, ExchangeError } from '../../shared/ports/exchange.ts';
import type { Fact } from './runtime.ts';

/** How often a first reading is repeated because a trade happened inside it. */
const FIRST_READS_MAX = 5;

/** Posts fills, payments and the snapshot, or that reading failed. */
export async function readAccount(
  exchange: ExchangeClient,
  { sinceTradeId, sinceFundingMs, sinceTransferMs }: Omit<ReadAccountCommand, 'kind'>,
  clock: Clock,
  post: (fact: Fact) => void,
): Promise<void> {
  try {
    const requestedMs = clock.now();
    if (sinceTradeId === null) {
      return post(await firstSnapshot(exchange, requestedMs));
    }
    const fills = await exchange.fillsAfter(sinceTradeId);
    const payments = await exchange.fundingAfter(sinceFundingMs);
    const transfers =
      sinceTransferMs === null ? [] : await exchange.transfersAfter(sinceTransferMs);
    const account = await exchange.accountSnapshot();
    for (const fill of fills) post({ kind: 'fill', source: 'history', fill });
    for (const payment of [...payments, ...transfers]) post(payment);
    const lastTradeId = fills.at(-1)?.tradeId ?? sinceTradeId;
    post({ kind: 'accountSnapshot', requestedMs, ...account, lastTradeId });
  } catch (error) {
    if (!(error instanceof ExchangeError)) throw error;
    post({ kind: 'accountSnapshotFailed', code: error.code, message: error.message });
  }
}

/** Before anything of ours is known: a snapshot during which no trade happened, and the newest trade before it. */
async function firstSnapshot(
  exchange: ExchangeClient,
  requestedMs: TimeMs,
): Promise<Unstamped<AccountSnapshotEvent> | Fact> {
  const newest = async () => (await exchange.fillsAfter('')).at(-1)?.tradeId ?? '';
  let before = await newest();
  for (let i = 0; i < FIRST_READS_MAX; i++) {
    const account = await exchange.accountSnapshot();
    const after = await newest();
    if (after === before) {
      return { kind: 'accountSnapshot', requestedMs, ...account, lastTradeId: after };
    }
    before = after;
  }
  return {
    kind: 'accountSnapshotFailed',
    code: 0,
    message: 'trades kept happening while the account was read',
  };
}
