/** Market data as one process receives it: late, cut, or silent. Its books are always the exchange's own. */
import type { Lots, TimeMs } from '../../shared/core/units.ts';
import type {
  MarketDataClient,
  MarketDataSink,
  MarketFact,
} from '../../shared/ports/market-data-client.ts';
import type { Quote } from './exchange-host.ts';
import type { LinkParts } from './exchange-link.ts';

/** Silence after which a feed is given up and opened again, as the real adapter's watchdogs do. */
const SILENCE_MS = 20_000;
const FUNDING_MS = 8 * 3_600_000;

export interface MarketLink extends MarketDataClient {
  /** Exchange time of the newest book this process was given; what only the checker asks. */
  newestBookMs(): number;
}

export function marketLink({ world, process, host, faults }: LinkParts): MarketLink {
  let newestMs = 0;
  let books = 0;
  let isUp = false;
  let quietUntilMs = 0;
  let leave = (): void => undefined;

  const start = async (sink: MarketDataSink) => {
    let readyMs = 0;
    const arrive = (delayMs: number, action: () => void) => {
      readyMs = Math.max(readyMs, world.nowMs + delayMs);
      world.at(readyMs, () => process.run(action));
    };
    const deliver = (fact: MarketFact, delayMs: number) =>
      arrive(delayMs, () => sink.onMarket(fact));
    const status = (to: 'up' | 'down', reason: string, delayMs: number) => {
      for (const feed of ['book', 'market'] as const) {
        deliver({ kind: 'feedStatus', feed, status: to, reason }, delayMs);
      }
      isUp = to === 'up';
    };
    leave = host.onQuote((quote: Quote) => {
      if (process.isDead) return leave();
      if (world.nowMs < quietUntilMs) return;
      if (faults.strikes('marketStreamCut')) {
        quietUntilMs = world.nowMs + world.random.between(1_000, 60_000);
        return status('down', 'cut', 1);
      }
      if (faults.strikes('bookStalls')) {
        quietUntilMs = world.nowMs + world.random.between(10_000, 90_000);
        if (quietUntilMs - world.nowMs > SILENCE_MS) status('down', 'silent', SILENCE_MS);
        return;
      }
      if (!isUp) status('up', 'synchronised', 1);
      const lateMs = faults.strikes('bookLate') ? world.random.between(500, 10_000) : 0;
      const delayMs = world.random.between(2, 30) + lateMs;
      const { exchangeMs, bid, bidLots, ask, askLots, mark } = quote;
      const nextFundingMs = ((Math.floor(exchangeMs / FUNDING_MS) + 1) * FUNDING_MS) as TimeMs;
      deliver(
        { kind: 'markPrice', exchangeMs, mark, index: mark, fundingRateE8: 10_000, nextFundingMs },
        delayMs,
      );
      books += 1;
      const size = { bidLots: bidLots as Lots, askLots: askLots as Lots };
      arrive(0, () => {
        newestMs = exchangeMs;
        sink.onMarket({ kind: 'book', exchangeMs, bid, ask, ...size });
      });
    });
  };

  return {
    start,
    stop: async () => leave(),
    stats: () => ({
      frames: books,
      books,
      bookMismatches: 0,
      bookChecks: 0,
      resyncs: 0,
      reconnects: 0,
      malformed: 0,
    }),
    newestBookMs: () => newestMs,
  };
}
