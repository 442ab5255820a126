/** Goal: every finished segment gets to the bucket once, whatever fails on the way, and no other file. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { JournalArchive } from '../../services/trader/journal-archive.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plimsoll-archive-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function archive(fails: () => boolean = () => false) {
  const keys: string[] = [];
  const failures: string[] = [];
  const bucket = {
    async upload(key: string) {
      if (fails()) throw new Error('no bucket');
      keys.push(key);
    },
    close: () => undefined,
  };
  const onFailure = ({ message }: Error) => failures.push(message);
  return {
    keys,
    failures,
    archive: new JournalArchive({ directory, prefix: 'j/', bucket, onFailure }),
  };
}

const put = (name: string) => writeFileSync(join(directory, name), 'x');

it('uploads what is compressed, once, and leaves the segment being written', async () => {
  const { archive: journals, keys, failures } = archive();
  for (const name of [
    'a.00001.journal.gz',
    'a.00002.journal',
    'a.00002.journal.gz.part',
    'other.txt',
  ]) {
    put(name);
  }
  await journals.run();
  await journals.run();
  expect(keys).toEqual(['j/a.00001.journal.gz']);
  put('a.00003.journal.gz');
  await journals.run();
  expect(keys).toEqual(['j/a.00001.journal.gz', 'j/a.00003.journal.gz']);
  expect(failures).toEqual([]);
  await journals.finish(1_000);
});

it('compresses and uploads the rest at the end', async () => {
  const { archive: journals, keys } = archive();
  put('a.00001.journal');
  await journals.finish(1_000);
  expect(keys).toEqual(['j/a.00001.journal.gz']);
  expect(readdirSync(directory)).toEqual(['a.00001.journal.gz']);
});

it('tells what fails, and tries it again', async () => {
  let isDown = true;
  const { archive: journals, keys, failures } = archive(() => isDown);
  put('a.00001.journal.gz');
  await journals.run();
  expect(failures).toEqual(['no bucket']);
  isDown = false;
  await journals.run();
  expect(keys).toEqual(['j/a.00001.journal.gz']);
  await journals.finish(1_000);
});

it('has nothing to do without a folder', async () => {
  rmSync(directory, { recursive: true });
  const { archive: journals, keys, failures } = archive();
  await journals.run();
  await journals.finish(1_000);
  expect({ keys, failures }).toEqual({ keys: [], failures: [] });
});
