/**
 * A byte stream, inflated where it is gzip. Everything that can be inflated comes out before a cut
 * or damage is reported: a piped gunzip stream drops what it still buffers when it fails.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createGunzip, type Gunzip } from 'node:zlib';

/** The chunks of `source`, inflated if it starts with gzip's two magic bytes. Throws zlib's errors. */
export async function* inflatedChunks(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let gunzip: Inflater | null = null;
  let isFirst = true;
  for await (const chunk of source) {
    if (isFirst) {
      isFirst = false;
      if (chunk[0] === 0x1f && chunk[1] === 0x8b) gunzip = new Inflater();
    }
    if (!gunzip) {
      yield chunk;
      continue;
    }
    await gunzip.write(chunk);
    yield* gunzip.take();
    gunzip.throwIfFailed();
  }
  if (!gunzip) return;
  await gunzip.end();
  yield* gunzip.take();
  gunzip.throwIfFailed();
}

/** A gunzip whose output is taken away after each piece of input, so that it never waits for a reader. */
class Inflater {
  readonly #gunzip: Gunzip = createGunzip();
  #output: Buffer[] = [];
  #failure: Error | null = null;

  constructor() {
    this.#gunzip.on('data', (chunk: Buffer) => this.#output.push(chunk));
    this.#gunzip.on('error', (error) => {
      this.#failure = error;
    });
  }

  write(chunk: Buffer): Promise<void> {
    return this.#settled((done) => this.#gunzip.write(chunk, done));
  }

  end(): Promise<void> {
    return this.#settled((done) => {
      this.#gunzip.once('end', done);
      this.#gunzip.end();
    });
  }

  take(): Buffer[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }

  throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }

  async #settled(begin: (done: () => void) => void): Promise<void> {
    if (this.#failure) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        this.#gunzip.off('error', done);
        resolve();
      };
      this.#gunzip.once('error', done);
      begin(done);
    });
    // The last chunks may be handed out a turn after the callback.
    await nextTurn();
  }
}
