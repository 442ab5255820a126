/** Reads a file of funding payments, packed or not. */
import type { FundingRates } from './bars.ts';
import { readSource } from './load-bars.ts';
import { parseFunding } from './parse-funding.ts';
import { unpack } from './unpack.ts';

/** Throws DataSetError with file, line and reason for anything malformed. */
export async function loadFunding(path: string): Promise<FundingRates> {
  return parseFunding(await unpack(readSource(path), path), path);
}
