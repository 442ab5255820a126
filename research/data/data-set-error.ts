/** What makes a data set unusable, told so that a person can find the place. */

/** Thrown when a data set cannot be read as asked. The message names the file, and the line where there is one. */
export class DataSetError extends Error {
  override readonly name = 'DataSetError';
  readonly file: string;
  /** 1 for the first line of the text; null where the fault has no line. */
  readonly line: number | null;

  constructor(file: string, line: number | null, reason: string) {
    super(line === null ? `${file}: ${reason}` : `${file}, line ${line}: ${reason}`);
    this.file = file;
    this.line = line;
  }
}
