/**
 * Which transfers are booked. The private stream tells of one at once and gives no transaction id; the
 * income history names each by one and misses none. The amount is all that both say alike, so by it they are
 * matched, one to one: a row of the history is a transfer of that amount which the stream told as well, or one
 * whose message was lost. No two of one source are the same transfer.
 */
import type { Payment } from '../event.ts';
import type { Money, TimeMs } from '../units.ts';

/** The two may stamp one transfer so far apart. */
const APART_MS = 60_000;
const LISTED = 'transfer-';

/** Id of a transfer read from the income history, by its transaction id there. */
export function listedTransferId(transactionId: string): string {
  return `${LISTED}${transactionId}`;
}

/** Whether it was read from the income history. */
export function isListedTransfer(id: string): boolean {
  return id.startsWith(LISTED);
}

interface Transfer {
  readonly amount: Money;
  readonly exchangeMs: TimeMs;
  isTold: boolean;
  isListed: boolean;
}

export class TransferRecord {
  #transfers: Transfer[] = [];

  /** Takes what the store kept. */
  restore(payments: readonly Payment[]): void {
    for (const payment of payments) this.add(payment);
  }

  /** It has been booked. */
  add({ id, amount, exchangeMs }: Payment): void {
    const isListed = isListedTransfer(id);
    this.#transfers.push({ amount, exchangeMs, isTold: !isListed, isListed });
  }

  /** True where the other source's word for it has been booked, which is used up by that. */
  isTwin({ id, amount }: Payment): boolean {
    const how = isListedTransfer(id) ? 'isListed' : 'isTold';
    const twin = this.#transfers.find((one) => one.amount === amount && !one[how]);
    if (twin) twin[how] = true;
    return twin !== undefined;
  }

  /** Nothing at or before this time will be asked for again. */
  forgetUntil(timeMs: TimeMs): void {
    this.#transfers = this.#transfers.filter(({ exchangeMs }) => exchangeMs > timeMs - APART_MS);
  }
}

/** Those of the stored payments that the income history may still tell of. */
export function recentTransfers(payments: readonly Payment[], verifiedMs: TimeMs): Payment[] {
  return payments.filter(
    ({ reason, exchangeMs }) => reason === 'transfer' && exchangeMs > verifiedMs - APART_MS,
  );
}
