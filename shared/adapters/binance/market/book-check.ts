/**
 * Compares the rebuilt book with the exchange's own best bid and ask. After every diff they must
 * equal, price and quantity, the bookTicker with the largest `u` not above the diff's. Tickers and diffs
 * do not come in the order of `u`, so a diff is judged once a ticker at or past its `u` has come: then
 * all tickers up to it are known.
 */

/** Best bid and ask, in ticks and lots, at update id `u`. */
export interface TopOfBook {
  readonly u: number;
  readonly bid: number;
  readonly bidLots: number;
  readonly ask: number;
  readonly askLots: number;
}

const TICKERS_MAX = 8_192;
const DIFFS_MAX = 256;

export class BookCheck {
  #checks = 0;
  #mismatches = 0;
  #mismatchesInRow = 0;
  /** Both in the order of `u`. */
  #tickers: TopOfBook[] = [];
  #diffs: TopOfBook[] = [];

  /** Diffs compared since the start. */
  get checks(): number {
    return this.#checks;
  }

  /** Of those, the ones that differed. */
  get mismatches(): number {
    return this.#mismatches;
  }

  /** Mismatches since the last agreement or reset. */
  get mismatchesInRow(): number {
    return this.#mismatchesInRow;
  }

  /** Forgets what is not yet compared; the counts stay. */
  reset(): void {
    this.#tickers = [];
    this.#diffs = [];
    this.#mismatchesInRow = 0;
  }

  /** The exchange's own best bid and ask. */
  onTicker(ticker: TopOfBook): void {
    const newest = this.#tickers.at(-1);
    if (newest && ticker.u <= newest.u) return;
    if (this.#tickers.length === TICKERS_MAX) this.#tickers.shift();
    this.#tickers.push(ticker);
    let judged = 0;
    for (const diff of this.#diffs) {
      if (diff.u > ticker.u) break;
      this.#judge(diff);
      judged += 1;
    }
    if (judged > 0) this.#diffs.splice(0, judged);
  }

  /** The rebuilt book after the diff that ends at `u`. */
  onDiff(diff: TopOfBook): void {
    const newest = this.#tickers.at(-1);
    if (newest && newest.u >= diff.u) {
      this.#judge(diff);
      return;
    }
    if (this.#diffs.length === DIFFS_MAX) this.#diffs.shift();
    this.#diffs.push(diff);
  }

  #judge(diff: TopOfBook): void {
    const index = this.#tickers.findLastIndex((ticker) => ticker.u <= diff.u);
    const ticker = this.#tickers[index];
    // Not one ticker that old is known: this diff cannot be judged.
    if (!ticker) return;
    if (index > 0) this.#tickers.splice(0, index);
    this.#checks += 1;
    if (isSameTop(diff, ticker)) {
      this.#mismatchesInRow = 0;
    } else {
      this.#mismatches += 1;
      this.#mismatchesInRow += 1;
    }
  }
}

function isSameTop(a: TopOfBook, b: TopOfBook): boolean {
  return a.bid === b.bid && a.bidLots === b.bidLots && a.ask === b.ask && a.askLots === b.askLots;
}
