/**
 * The frames of a recording, read ahead so that the exchange can take them one by one without
 * waiting. Holds a few thousand at a time, whatever the size of the recording.
 */

import { broken } from '../../core/units.ts';
import { RecordingError } from './recording-error.ts';
import { readRecording } from './recording-reader.ts';

/** More than any one instant of a recording holds. */
const FRAMES_MIN = 2_000;
const FRAMES_MAX = 6_000;
const FRAMES_REFILL = 4_000;
/** Receive times of one recorder may swap by little; files in the wrong order differ by much. */
const BACKWARDS_MS_MAX = 1_000;

export interface Place {
  readonly file: string;
  readonly line: number;
}

/** A frame as the simulated exchange takes it. */
export interface SuppliedFrame extends Place {
  readonly receivedMs: number;
  readonly raw: string;
  /** `raw` as JSON. */
  readonly frame: unknown;
}

export class FrameSupply {
  readonly #files: readonly string[];
  readonly #failed: (error: Error) => void;
  #frames: SuppliedFrame[] = [];
  #lastTaken: Place | null = null;
  #taken = 0;
  #isDone = false;
  #isStopped = false;
  #waiting: (() => void)[] = [];
  #refill: () => void = () => undefined;

  /** `failed` is told of a file that cannot be read on. */
  constructor(files: readonly string[], failed: (error: Error) => void) {
    this.#files = files;
    this.#failed = failed;
  }

  /** Starts reading; resolves when the first frames are there. */
  async start(): Promise<void> {
    void this.#read();
    await new Promise<void>((resolve) => this.whenReady(resolve));
  }

  /** Where the last frame taken stands. */
  get lastTaken(): Place | null {
    return this.#lastTaken;
  }

  get isReady(): boolean {
    return this.#isDone || this.#frames.length - this.#taken >= FRAMES_MIN;
  }

  whenReady(then: () => void): void {
    if (this.isReady) then();
    else this.#waiting.push(then);
  }

  /** The next frame; null at the end. Broken where it was not waited for. */
  next(): SuppliedFrame | null {
    const frame = this.#frames[this.#taken];
    if (!frame)
      return this.#isDone ? null : broken('a recorded frame was asked for before it was read');
    this.#lastTaken = frame;
    this.#taken += 1;
    if (this.#taken === FRAMES_MIN) {
      this.#frames = this.#frames.slice(this.#taken);
      this.#taken = 0;
    }
    if (this.#frames.length - this.#taken < FRAMES_REFILL) this.#refill();
    return frame;
  }

  stop(): void {
    this.#isStopped = true;
    this.#refill();
  }

  async #read(): Promise<void> {
    let lastMs = 0;
    try {
      for await (const recorded of readRecording(this.#files)) {
        if (this.#isStopped) return;
        if (recorded.timeMs < lastMs - BACKWARDS_MS_MAX) {
          const byS = Math.round((lastMs - recorded.timeMs) / 1_000);
          throw new RecordingError('malformed', recorded, `time goes back by ${byS} s here`);
        }
        lastMs = Math.max(lastMs, recorded.timeMs);
        const raw = recorded.raw.toString('utf8');
        const { file, line } = recorded;
        this.#frames.push({ receivedMs: lastMs, raw, frame: recorded.json(), file, line });
        if (this.#frames.length - this.#taken >= FRAMES_MAX) await this.#untilWanted();
        else if (this.#waiting.length > 0 && this.isReady) this.#announce();
      }
    } catch (error) {
      this.#failed(error as Error);
    }
    this.#isDone = true;
    this.#announce();
  }

  #untilWanted(): Promise<void> {
    this.#announce();
    return new Promise((resolve) => {
      this.#refill = resolve;
    });
  }

  #announce(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const then of waiting) then();
  }
}
