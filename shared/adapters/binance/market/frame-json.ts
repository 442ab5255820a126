/** Frames that come once a second or less: read with JSON.parse. */

/** What is looked at of a message; nothing of it is believed yet. */
interface Untrusted {
  readonly data?: unknown;
  readonly E?: unknown;
  readonly T?: unknown;
  readonly s?: unknown;
  readonly p?: unknown;
  readonly i?: unknown;
  readonly r?: unknown;
  readonly cs?: unknown;
  readonly dt?: unknown;
}

/** The fields of the message, out of its wrapper; none where it is not JSON. */
export function payload(raw: Buffer): Untrusted {
  try {
    const frame = untrusted(JSON.parse(raw.toString('utf8')));
    return frame.data === undefined ? frame : untrusted(frame.data);
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function untrusted(value: unknown): Untrusted {
  return typeof value === 'object' && value !== null ? value : {};
}
