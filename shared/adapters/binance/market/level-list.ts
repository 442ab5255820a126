/** Price levels side by side in two arrays, reused from frame to frame so that reading one allocates nothing. */

/** More levels than this in one message are not believed. */
const LEVELS_MAX = 65_536;

export class LevelList {
  /** In ticks. Only the first `count` entries mean anything. */
  prices = new Float64Array(1_024);
  /** Absolute quantity in lots; 0 removes the level. */
  lots = new Float64Array(1_024);
  count = 0;

  /** Makes room for another level; false where the list is as long as it may get. */
  grow(): boolean {
    const size = this.prices.length * 2;
    if (size > LEVELS_MAX) return false;
    this.prices = copyInto(new Float64Array(size), this.prices);
    this.lots = copyInto(new Float64Array(size), this.lots);
    return true;
  }
}

function copyInto(to: Float64Array<ArrayBuffer>, from: Float64Array): Float64Array<ArrayBuffer> {
  to.set(from);
  return to;
}
