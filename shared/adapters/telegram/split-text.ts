/** Cuts a text into messages Telegram accepts. */

/** Most UTF-16 units of one message, after entities. */
export const MESSAGE_UNITS_MAX = 4_096;

/**
 * Pieces of at most `max` UTF-16 units, cut at an end of line where there is one in
 * the second half; no character is cut.
 */
export function splitText(text: string, max: number = MESSAGE_UNITS_MAX): string[] {
  const pieces: string[] = [];
  let rest = text;
  while (rest.length > max) {
    const line = rest.lastIndexOf('\n', max);
    const isAtLine = line >= max / 2;
    const end = isAtLine ? line : isLowSurrogate(rest.charCodeAt(max)) ? max - 1 : max;
    pieces.push(rest.slice(0, end));
    rest = rest.slice(isAtLine ? end + 1 : end);
  }
  if (rest !== '' || pieces.length === 0) pieces.push(rest);
  return pieces;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
