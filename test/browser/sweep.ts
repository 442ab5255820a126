/**
 * Goal: the report of a sweep is readable where people read it, and its map says what the sweep found. Method: the
 * command on made-up candles with a rising and falling trend, its pages opened in Chromium.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { walk } from '../research/vectorized-support.ts';
import { ran } from '../support/command-line.ts';
import { storyFolder } from '../support/sessions.ts';
import { isChromiumThere } from './chromium.ts';
import { LOOKS, type OpenedPage, openedPage } from './opened-page.ts';

const HOUR = 3_600_000;
const GRID = ['--grid', 'fastWindow=2..9', '--grid', 'slowWindow=10..40:3'];

interface Result {
  readonly rows: readonly {
    readonly params: Record<string, number>;
    readonly sharpe: number | null;
    readonly equityMultiple: number;
  }[];
}

describe.skipIf(!isChromiumThere)('the report of a sweep in a browser', () => {
  const folder = storyFolder('sweep-page');

  beforeAll(async () => {
    const rows = walk(80 * 24, 11).map((close, i) => {
      const price = (close / 10).toFixed(1);
      return [Date.UTC(2024, 0, 1) + i * HOUR, price, price, price, price, 1].join(',');
    });
    const file = join(folder, 'BTCUSDT.csv');
    writeFileSync(file, `open_time,open,high,low,close,volume\n${rows.join('\n')}\n`);
  });

  /** Sweeps with `args`; the page's path and the result. */
  async function swept(name: string, args: readonly string[]) {
    const files = ['--json', `${name}.json`, '--report', `${name}.html`];
    const given = ['sweep', '--data', 'BTCUSDT.csv', '--workers', '1', ...args, ...files];
    expect(await ran(given, folder)).toContain('deflated Sharpe ratio');
    const result = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Result;
    return { file: join(folder, `${name}.html`), result };
  }

  /** The titles of the colored shapes of the map, and of the framed one. */
  async function mapOf({ page }: OpenedPage) {
    const titles = (selector: string) =>
      page.$$eval(selector, (shapes) => shapes.map((s) => s.textContent ?? ''));
    const shapes = await titles('.map .gain, .map .loss, .map .withheld');
    const best = await titles('.map .best');
    return { shapes, best, text: (await page.textContent('main')) ?? '' };
  }

  /** The map on a phone, where the page must be whole. */
  async function mapOnPhone(file: string) {
    const opened = await openedPage(file, { size: 'phone', scheme: 'light' });
    const map = await mapOf(opened);
    await opened.picture(basename(file, '.html'));
    await opened.expectWhole();
    await opened.close();
    return map;
  }

  const titleOf = ({ params, sharpe }: Result['rows'][number], keys: readonly string[]) =>
    `${keys.map((key) => `${key} ${params[key]}`).join(', ')}: ${
      sharpe === null
        ? 'withheld'
        : sharpe
            .toFixed(2)
            .replace(/^-(?=.*[1-9])/, '−')
            .replace(/^-/, '')
    }`;

  it('is whole on every screen, and shows each combination of two parameters once', async () => {
    const { file, result } = await swept('grid', [...GRID, '--walk-forward', '30:10']);
    const keys = ['slowWindow', 'fastWindow'];
    const parts = ['88 trials', '12 blocks, 924 splits', 'Walk-forward', 'Chosen on 30 days'];
    for (const [size, scheme] of LOOKS) {
      const opened = await openedPage(file, { size, scheme });
      const { shapes, best, text } = await mapOf(opened);
      expect(shapes.toSorted()).toEqual(result.rows.map((row) => titleOf(row, keys)).toSorted());
      expect(best).toEqual([titleOf(result.rows[0]!, keys)]);
      for (const part of parts) expect(text).toContain(part);
      await opened.expectWhole();
      await opened.picture(`sweep-${size}-${scheme}`);
      await opened.close();
    }
  });

  it('shows the best over the parameters it has no room for, and says so', async () => {
    const grid = ['longWindow=20..40:4', 'smoothingWindow=2..5', 'shortWindow=2..3'];
    const args = grid.flatMap((axis) => ['--grid', axis]);
    const { file, result } = await swept('three', [
      ...['--strategy', 'SmaCrossoverInflection', ...args],
    ]);
    const { shapes, text } = await mapOnPhone(file);
    expect(text).toContain('Each place shows its best over shortWindow.');
    const best = new Map<string, string>();
    for (const row of result.rows) {
      const { longWindow, smoothingWindow } = row.params;
      const place = `${longWindow} ${smoothingWindow}`;
      if (!best.has(place)) best.set(place, titleOf(row, ['longWindow', 'smoothingWindow']));
    }
    expect(shapes.toSorted()).toEqual([...best.values()].toSorted());
    expect(shapes).toHaveLength(24);
  });

  it('draws what was drawn at random as dots, where it was drawn', async () => {
    const { file, result } = await swept('random', [...GRID, '--random', '25', '--seed', '3']);
    const { shapes, text } = await mapOnPhone(file);
    expect(shapes.toSorted()).toEqual(
      result.rows.map((row) => titleOf(row, ['slowWindow', 'fastWindow'])).toSorted(),
    );
    expect(text).toContain('25 drawn (seed 3)');
  });

  it('draws one parameter as a curve, with the best marked', async () => {
    const { file } = await swept('one', ['--grid', 'fastWindow=2..30', '--grid', 'slowWindow=40']);
    const { page, close, expectWhole } = await openedPage(file, {
      size: 'phone',
      scheme: 'dark',
    });
    expect(await page.locator('.map .here').count()).toBe(29);
    const highest = await page.$$eval('.map .here', (dots) =>
      Math.min(...dots.map((dot) => Number(dot.getAttribute('cy')))),
    );
    expect(Number(await page.getAttribute('.map .mark-dot', 'cy'))).toBe(highest);
    await expectWhole();
    await close();
  });
});
