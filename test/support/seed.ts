/**
 * One seed for all property tests, so that a change is judged by what it changes. Another is tried with
 * PLIMSOLL_TEST_SEED=<number>; `random` takes a new one each run.
 */
import fc from 'fast-check';

const given = process.env.PLIMSOLL_TEST_SEED ?? '20261122';
if (given !== 'random') fc.configureGlobal({ seed: Number(given) });
