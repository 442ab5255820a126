/** A thread that runs seeds: told one, answers what came of it. */
import { parentPort } from 'node:worker_threads';
import { runSeed, type SeedOptions } from './run-seed.ts';

parentPort?.on('message', (options: SeedOptions) => {
  // Steps are for who runs seeds in its own thread: many numbers to copy.
  void runSeed(options).then((result) => parentPort?.postMessage({ ...result, stepsMs: [] }));
});
