/** The container's health check: ends with 0 where the trader beside it is well, else says why and ends with 1. */
import { healthFile, illnessIn } from './health.ts';

const found = illnessIn(healthFile(process.env), Date.now());
if (found !== null) process.stdout.write(`${found}\n`);
process.exitCode = found === null ? 0 : 1;
