/** The text of one market event for each kind of stream it shows up in, written at most once. */

import type { Instrument } from '../../../shared/core/instrument.ts';
import type { PublicEvent, Venue } from '../../../shared/simulation/venue.ts';
import {
  aggTradeEventJson,
  bookTickerEventJson,
  contractInfoJson,
  depthUpdateJson,
  forceOrderEventJson,
  markPriceEventJson,
  tradeEventJson,
} from '../format/stream-json.ts';
import type { MarketStream } from './stream-name.ts';

/** Kinds of stream in which each kind of event shows up. */
export const STREAMS_OF: Readonly<Record<PublicEvent['kind'], readonly MarketStream['kind'][]>> = {
  depth: ['depth', 'partialDepth'],
  bookTicker: ['bookTicker'],
  trade: ['trade', 'aggTrade'],
  markPrice: ['markPrice'],
  forceOrder: ['forceOrder'],
  contractStatus: ['contractInfo'],
};

/** The data part of the frame. A recorded frame is passed on as it was received. */
export function marketFrame(venue: Venue, event: PublicEvent, stream: MarketStream): string {
  const { instrument } = venue;
  switch (event.kind) {
    case 'depth':
      if (stream.kind === 'partialDepth') return partialDepth(venue, event, stream.levels);
      return recorded(event.raw) ?? JSON.stringify(depthUpdateJson(instrument, event));
    case 'bookTicker':
      return recorded(event.raw) ?? JSON.stringify(bookTickerEventJson(instrument, event));
    case 'trade':
      return tradeFrame(instrument, event, stream);
    case 'markPrice':
      return JSON.stringify(markPriceEventJson(instrument, event));
    case 'forceOrder':
      return JSON.stringify(forceOrderEventJson(instrument, event));
    case 'contractStatus':
      return JSON.stringify(contractInfoJson(instrument, event));
  }
}

function tradeFrame(
  instrument: Instrument,
  event: Extract<PublicEvent, { kind: 'trade' }>,
  stream: MarketStream,
): string {
  const isAggregate = stream.kind === 'aggTrade';
  // A recording may hold either form of trade; only the same form can be passed on as it is.
  const data = recorded(event.raw);
  if (data?.includes('"e":"aggTrade"') === isAggregate) return data;
  const json = isAggregate
    ? aggTradeEventJson(instrument, event)
    : tradeEventJson(instrument, event);
  return JSON.stringify(json);
}

function partialDepth(
  venue: Venue,
  event: Extract<PublicEvent, { kind: 'depth' }>,
  levels: number,
): string {
  return JSON.stringify(depthUpdateJson(venue.instrument, event, venue.depth(levels)));
}

/** The data of a combined-stream wrapper, or the whole of a raw frame; null where there was none. */
function recorded(raw: string | null): string | null {
  if (raw === null || !raw.startsWith('{"stream":')) return raw;
  const start = raw.indexOf('"data":');
  return start < 0 ? raw : raw.slice(start + '"data":'.length, raw.lastIndexOf('}'));
}
