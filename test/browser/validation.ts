/**
 * Goal: the validation is readable where people read it, whether it passes or not. Method: the command on made-up
 * candles, and a page with differences and hostile text, opened in Chromium.
 */
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { validationPage } from '../../research/validation/page.ts';
import { walk } from '../research/vectorized-support.ts';
import { ran } from '../support/command-line.ts';
import { storyFolder } from '../support/sessions.ts';
import { isChromiumThere } from './chromium.ts';
import { LOOKS, openedPage } from './opened-page.ts';

const MINUTE = 60_000;

describe.skipIf(!isChromiumThere)('the page of a validation in a browser', () => {
  const folder = storyFolder('validation-page');
  /** The page in every look: whole, with the verdict and the cells of its table of checks. */
  async function looked(file: string, verdict: string): Promise<string[][]> {
    let rows: string[][] = [];
    for (const [size, scheme] of LOOKS) {
      const { page, picture, expectWhole, close } = await openedPage(file, {
        size,
        scheme,
      });
      expect(await page.textContent('.verdict strong')).toBe(verdict);
      rows = await page.$$eval('table.words tbody tr', (all) =>
        all.map((row) => [...row.children].map((cell) => cell.textContent ?? '')),
      );
      await picture(`validation-${basename(file, '.html')}-${size}-${scheme}`);
      await expectWhole();
      await close();
    }
    return rows;
  }

  it('shows every check of a run without differences', async () => {
    const lines = walk(400, 5).map((close, i) => {
      const price = (close / 10).toFixed(1);
      return `${1_700_000_040_000 + i * MINUTE},${price},${price},${price},${price},1.5`;
    });
    const csv = `open_time,open,high,low,close,volume\n${lines.join('\n')}\n`;
    writeFileSync(join(folder, 'btcusdt.csv'), csv);
    const args = ['--data', 'btcusdt.csv', '--report', 'passed.html', '--seed', '3'];
    expect(await ran(['validate', ...args], folder)).toContain('zero differences');
    const rows = await looked(join(folder, 'passed.html'), 'Zero differences');
    expect(rows.length).toBeGreaterThan(10);
    expect(rows.map((row) => row.at(-1))).toEqual(rows.map(() => '0'));
    expect(rows.map(([name]) => name)).toEqual(expect.arrayContaining(['signals', 'look-ahead']));
  }, 60_000);

  it('names what differs, however long it is and whatever it says', async () => {
    const what = `<script>alert(1)</script> ${'decided'.repeat(40)} & "nothing"`;
    const page = validationPage(
      {
        checks: [
          {
            ...{ name: 'journal, backtest', strategy: 'SmaCrossover', sides: 'both' },
            ...{ compared: 1_200_000, differences: 1_234 },
            examples: [{ timeMs: Date.UTC(2024, 0, 2), what }],
          },
        ],
        sources: [],
        differences: 1_234,
      },
      [['data', 'file.csv']],
    );
    writeFileSync(join(folder, 'failed.html'), page);
    const rows = await looked(join(folder, 'failed.html'), '1,234 differences');
    expect(rows).toEqual([['journal, backtest', 'SmaCrossover', 'both', '1,200,000', '1,234']]);
    expect(page).not.toContain('<script>alert');
    expect(page).toContain('2024-01-02T00:00:00.000Z: &lt;script&gt;');
  });
});
