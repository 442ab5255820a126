/** The depth snapshot of the REST interface, read as strictly as the frames are. */
import type { Instrument } from '../../../core/instrument.ts';
import { isTimeMs, isWhole, MalformedNumberError } from '../../../core/units.ts';
import { shown } from '../../ccxt/wire.ts';
import { LevelList } from './level-list.ts';

export interface DepthSnapshot {
  readonly lastUpdateId: number;
  /** Exchange time, 0 where the body has none. */
  readonly eventMs: number;
  readonly bids: LevelList;
  readonly asks: LevelList;
}

/** A message of the exchange that is not what its documentation says. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
}

/** Reads the body of `GET /fapi/v1/depth`. Throws MalformedMessageError. */
export function parseDepthSnapshot(body: string, instrument: Instrument): DepthSnapshot {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (cause) {
    throw new MalformedMessageError('the depth snapshot is not JSON', { cause });
  }
  if (typeof json !== 'object' || json === null) {
    throw new MalformedMessageError('the depth snapshot is not an object');
  }
  const { lastUpdateId, E, bids, asks } = json as Record<string, unknown>;
  if (!isWhole(lastUpdateId)) {
    throw new MalformedMessageError(`the depth snapshot has lastUpdateId ${shown(lastUpdateId)}`);
  }
  return {
    lastUpdateId,
    eventMs: isTimeMs(E) ? E : 0,
    bids: levels(bids, instrument),
    asks: levels(asks, instrument),
  };
}

function levels(json: unknown, instrument: Instrument): LevelList {
  if (!Array.isArray(json)) throw new MalformedMessageError('the depth snapshot lacks a side');
  const list = new LevelList();
  for (const level of json as unknown[]) {
    const [price, quantity] = Array.isArray(level) ? (level as unknown[]) : [];
    if (typeof price !== 'string' || typeof quantity !== 'string') {
      throw new MalformedMessageError(
        `a level of the depth snapshot is no pair of texts: ${shown(level)}`,
      );
    }
    if (list.count === list.prices.length && !list.grow()) {
      throw new MalformedMessageError('the depth snapshot has too many levels');
    }
    list.prices[list.count] = positive(() => instrument.parsePrice(price), 1);
    list.lots[list.count] = positive(() => instrument.parseQuantity(quantity), 0);
    list.count += 1;
  }
  return list;
}

function positive(parse: () => number, least: number): number {
  let value: number;
  try {
    value = parse();
  } catch (error) {
    if (error instanceof MalformedNumberError) {
      throw new MalformedMessageError(`depth snapshot: ${error.message}`, { cause: error });
    }
    throw error;
  }
  if (value < least) throw new MalformedMessageError(`depth snapshot: ${value} is below ${least}`);
  return value;
}
