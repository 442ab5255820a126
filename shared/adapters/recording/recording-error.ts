/** What is wrong with a recording, where, and whether what came before it may be used. */

/**
 * `unreadable`: the file cannot be opened or read. `malformed`: a line is no frame. `corrupt`: the
 * compressed data is damaged. `truncated`: the file stops in the middle; everything before was read.
 */
export type RecordingErrorKind = 'unreadable' | 'malformed' | 'corrupt' | 'truncated';

export class RecordingError extends Error {
  override readonly name = 'RecordingError';
  readonly kind: RecordingErrorKind;
  readonly file: string;
  /** Number of the line concerned, from 1; of the first line lost where the file was cut. */
  readonly line: number;

  constructor(
    kind: RecordingErrorKind,
    where: { file: string; line: number },
    detail: string,
    cause?: unknown,
  ) {
    super(
      `recording ${where.file}, line ${where.line}: ${detail}`,
      cause === undefined ? undefined : { cause },
    );
    this.kind = kind;
    this.file = where.file;
    this.line = where.line;
  }
}
