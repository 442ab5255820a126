/** Runs whose account grows, or begins, beyond what exact money carries: told as one sentence. */
import { AccountingError } from '../../research/accounting/account-options.ts';
import { InexactNumberError } from '../../shared/core/units.ts';

/** Rejects with AccountingError where `run` would no longer be exact. */
export async function exactly<Result>(run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof InexactNumberError)) throw error;
    throw new AccountingError(
      'the account or a position of it is beyond the 90 million USDT that exact money carries; use a smaller --cash or --size',
    );
  }
}
