/** The Lambda that computes a chunk of a sweep: the local worker's code between two objects of a bucket. */
import { createObjectStore } from '../../shared/adapters/s3/objects.ts';
import { type ChunkEvent, ChunkWorker, type Receipt } from './remote-chunk.ts';

let made: { readonly bucket: string; readonly worker: ChunkWorker } | null = null;

/** The same chunk may come twice: it writes the same object. */
export async function handler({ bucket, ...event }: ChunkEvent): Promise<Receipt> {
  if (made?.bucket !== bucket) {
    made = { bucket, worker: new ChunkWorker(createObjectStore({ bucket })) };
  }
  return made.worker.work(event);
}
