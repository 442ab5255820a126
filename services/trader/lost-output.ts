/**
 * Standard output as a thing that can fail under a running session: its reader ends (`| head`, `| tee`
 * after a Ctrl-C), its terminal is closed, its disk is full. None of these may end a trader in the
 * middle of an order.
 */

/** Nobody reads any more, and nobody will. */
const GONE: ReadonlySet<string | undefined> = new Set(['EPIPE', 'EIO', 'ECONNRESET']);

/**
 * For the rest of this process what cannot be written is lost; `onGone` is called once when the reader is
 * gone for good.
 */
export function surviveLostOutput(onGone: () => void): void {
  let isGone = false;
  process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (isGone || !GONE.has(code)) return;
    isGone = true;
    onGone();
  });
  // Where standard error is gone too there is nowhere left to say so.
  process.stderr.on('error', () => undefined);
}
