/** Steps over JSON in bytes, for a scanner that knows what it looks for. Nothing here allocates or throws. */

/** Said instead of a position where the bytes are not what they should be. */
export const FAILED = -1;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
export const CLOSE_BRACE = 0x7d;
const OPEN_BRACE = 0x7b;
const BACKSLASH = 0x5c;

export function startsWith(bytes: Buffer, at: number, text: Buffer): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}

/** Position after the string whose opening quote is at `at`. */
export function skipString(bytes: Buffer, at: number): number {
  for (let i = at + 1; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i += 1;
    else if (bytes[i] === QUOTE) return i + 1;
  }
  return FAILED;
}

/** Position after any JSON value; its inside is not judged. */
export function skipValue(bytes: Buffer, start: number): number {
  let depth = 0;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = skipString(bytes, at);
      if (at === FAILED) return FAILED;
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) break;
      depth -= 1;
    } else if (byte === COMMA && depth === 0) {
      break;
    }
    at += 1;
  }
  return at > start ? at : FAILED;
}
