/**
 * Goal: every cell of every notebook renders, and nothing leaves the machine. Method: built as `notebooks build` does,
 * served on loopback, opened in a real browser in which every other address fails and is counted.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walk } from '../research/vectorized-support.ts';
import {
  type BuiltNotebooks,
  buildNotebooks,
  HEIGHT,
  missingForNotebooks,
  type OpenedPage,
  open,
  serve,
} from './notebooks-support.ts';

const WIDE = 1_200;
const NARROW = 360;
const PLANTED = 'planted.html';
const cell = (id: number, source: string) =>
  `  <script id="${id}" type="module">\n    ${source}\n  </script>\n`;
/** Cells that need what a notebook takes from a CDN where it does not import it. */
const ASKS_OUTSIDE = `<!doctype html>\n<notebook>\n${cell(1, 'Inputs.range([0, 1])')}${cell(2, 'Plot.plot({})')}</notebook>\n`;

const missing = missingForNotebooks();
if (missing) process.stderr.write(`SKIPPED: the notebooks in a browser: ${missing}\n`);

describe.skipIf(missing !== null)(`the notebooks${missing ? ` (${missing})` : ''}`, () => {
  let built: BuiltNotebooks;
  let server: Server;
  let origin: string;
  /** Wide pages that were opened, by path. */
  const pages = new Map<string, OpenedPage>();

  beforeAll(async () => {
    built = buildNotebooks({ [PLANTED]: ASKS_OUTSIDE });
    ({ server, origin } = await serve(built));
  }, 120_000);

  afterAll(async () => {
    for (const { close } of pages.values()) await close();
    server?.close();
    if (built) rmSync(built.folder, { recursive: true, force: true });
  });

  /** A page in the state it opens in: as the first test left it, or, where that did not run, opened now. */
  const wide = async (path: string) =>
    pages.get(path) ?? (await open({ origin, path, width: WIDE }));

  it('render every cell without an error or a request to anywhere, on a phone and after it was turned wide', async () => {
    expect(built.pages).toEqual(
      expect.arrayContaining(['costs.html', 'index.html', 'inflection.html']),
    );
    for (const path of built.pages.filter((name) => name !== PLANTED)) {
      const opened = await open({ origin, path, width: NARROW });
      const { page, outside, errors } = opened;
      const cells = built.cells(path);
      for (const width of [NARROW, WIDE]) {
        await page.setViewportSize({ width, height: HEIGHT });
        const at = `${path}, ${width} px`;
        const count = await page.locator('.observablehq--cell').count();
        expect([at, count]).toEqual([at, cells.length]);
        for (const { id } of cells.filter(({ shows }) => shows)) {
          await expect
            .poll(() => page.locator(`#cell-${id} > *`).count(), {
              timeout: 10_000,
              message: `${at}, cell ${id}`,
            })
            .toBeGreaterThan(0);
        }
        const failed = await page.locator('.observablehq--error').allTextContents();
        expect([at, failed]).toEqual([at, []]);
        expect([at, outside, errors]).toEqual([at, [], []]);
        const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
        expect([at, overflow]).toEqual([at, 0]);
      }
      pages.set(path, opened);
    }
  }, 60_000);

  it('build the rule from data with the signals of the program, and redraw when a slider moves', async () => {
    const { page } = await wide('inflection.html');
    await expect.poll(() => page.locator('svg[class^=plot]').count()).toBeGreaterThanOrEqual(3);
    const row = () => page.locator('table').first().locator('tbody td').allTextContents();
    const [here, program, different] = await row();
    expect(Number(here)).toBeGreaterThan(100);
    expect([program, different]).toEqual([here, '0']);
    await page.locator('.slider input').first().fill('60');
    await expect.poll(async () => Number((await row())[0])).toBeGreaterThan(Number(here));
    const [fast, fastProgram, fastDifferent] = await row();
    expect([fastProgram, fastDifferent]).toEqual([fast, '0']);
  }, 60_000);

  it('find a break-even fee for every strategy, and what funding came to', async () => {
    const { page } = await wide('costs.html');
    await expect.poll(() => page.locator('table').count()).toBe(2);
    const costs = await page.locator('table').first().locator('tbody tr').allTextContents();
    const funding = await page.locator('table').last().locator('tbody tr').allTextContents();
    for (const rows of [costs, funding]) {
      expect(rows.some((text) => text.startsWith('SmaCrossoverInflection'))).toBe(true);
    }
    expect(costs.every((text) => /\d bps/.test(text))).toBe(true);
  }, 60_000);

  it('fail a page whose cell asks for a library from a CDN', async () => {
    const { page, outside, errors, close } = await open({ origin, path: PLANTED, width: 800 });
    expect(outside.join()).toMatch(/^https:\/\/cdn\.jsdelivr\.net\//);
    expect(errors.length).toBeGreaterThan(0);
    expect(await page.locator('.observablehq--error').count()).toBeGreaterThan(0);
    await close();
  }, 60_000);

  it('show one’s own candles, gzipped and without funding', async () => {
    const own = mkdtempSync(join(tmpdir(), 'plimsoll-own-'));
    const rows = walk(2_000, 5).map((ticks, i) => {
      const price = (ticks / 10).toFixed(1);
      return `${1_700_006_400_000 + i * 900_000},${price},${price},${price},${price},1`;
    });
    const file = join(own, 'own.csv.gz');
    writeFileSync(file, gzipSync(`open_time,open,high,low,close,volume\n${rows.join('\n')}\n`));
    built.take('--data', file);
    const { server, origin } = await serve(built, 'taken');
    try {
      const at = { origin, path: 'costs.html', width: 800 };
      const { page, outside, errors, close } = await open(at);
      const notes = () => page.locator('.note').allTextContents();
      await expect.poll(async () => (await notes()).length).toBe(2);
      expect(await notes()).toEqual([
        '2,000 candles of 15 minutes and 0 funding rates, from 2023-11-15',
        'No funding rates were given with these candles.',
      ]);
      expect([outside, errors]).toEqual([[], []]);
      await close();
    } finally {
      server.close();
      rmSync(own, { recursive: true });
    }
  }, 120_000);

  it('refuse candles that cannot be read, by file and line, and take nothing of them', () => {
    const own = mkdtempSync(join(tmpdir(), 'plimsoll-own-'));
    const file = join(own, 'own.csv');
    writeFileSync(file, 'open_time,open,high,low,close,volume\n60000,1,1,1,x,1\n');
    expect(() => built.take('--data', file)).toThrow(/own\.csv, line 2/);
    rmSync(own, { recursive: true });
  });
});
