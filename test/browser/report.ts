/**
 * Goal: the report is readable where people read it. Method: one file of a seeded run with everything in it, opened in
 * Chromium at a desktop's and a phone's width, light and dark.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReport } from '../../research/report/render-report.ts';
import { reportRunOf } from '../research/report-support.ts';
import { walk } from '../research/vectorized-support.ts';
import { storyFolder } from '../support/sessions.ts';
import { isChromiumThere } from './chromium.ts';
import { LOOKS, type OpenedPage, openedPage, type Size } from './opened-page.ts';

const DAYS = 100;
const HOUR = 3_600_000;

describe.skipIf(!isChromiumThere)('the report in a browser', () => {
  const folder = storyFolder('report-page');
  // A report of a real run can be looked at instead of the seeded one.
  const file = process.env.PLIMSOLL_REPORT ?? join(folder, 'report.html');

  beforeAll(() => {
    const report = reportRunOf(walk(DAYS * 24, 11), {
      intervalMs: HOUR,
      startMs: 1_690_000_000_000 - 800_000,
    });
    writeFileSync(join(folder, 'report.html'), renderReport(report));
  });

  const pages = new Map<Size, OpenedPage>();
  afterAll(async () => {
    for (const { close } of pages.values()) await close();
  });

  /** The report opened and drawn, as the test before left it. */
  async function opened(size: Size): Promise<OpenedPage> {
    const there = pages.get(size);
    if (there) return there;
    const [, scheme] = LOOKS.find(([look]) => look === size)!;
    const it = await openedPage(file, { size, scheme });
    await it.page.waitForSelector('#report[data-drawn="3"]');
    pages.set(size, it);
    return it;
  }

  /** Differently coloured pixels of each canvas: 1 is an empty one. */
  const colours = (page: Page) =>
    page.$$eval('canvas', (canvases) =>
      canvases.map((canvas) => {
        const { width, height } = canvas;
        const pixels = canvas.getContext('2d')!.getImageData(0, 0, width, height).data;
        const seen = new Set<number>();
        for (let i = 0; i < pixels.length; i += 4) {
          seen.add((pixels[i]! << 16) | (pixels[i + 1]! << 8) | pixels[i + 2]!);
        }
        return seen.size;
      }),
    );

  it.each(LOOKS)(
    'is whole on a %s in %s: drawn, silent, alone, not wider than the screen',
    async (size, scheme) => {
      const { page, picture, expectWhole } = await opened(size);
      expect((await colours(page)).map((count) => count > 10)).toEqual([true, true, true]);
      const shapes = await page.$$eval('svg.chart', (charts) =>
        charts.map((chart) => chart.querySelectorAll('path, rect, circle').length),
      );
      expect(shapes).toHaveLength(3);
      expect(Math.min(...shapes)).toBeGreaterThan(1);
      await picture(`report-${size}-${scheme}`);
      await expectWhole();
    },
  );

  it('zooms all three charts together, moves, and comes back', async () => {
    const { page, picture } = await opened('desktop');
    const range = () => page.textContent('#range');
    const whole = await range();
    await page.click('button[data-days="7"]');
    const week = await range();
    expect(week).not.toBe(whole);
    expect(await page.textContent('#marker-note')).toMatch(/^\d+ fills in view$/);
    await picture('report-week');
    await page.click('#earlier');
    expect(await range()).not.toBe(week);
    await page.click('button[data-days="0"]');
    expect(await range()).toBe(whole);
    const box = (await (await page.$('#equity .u-over'))!.boundingBox())!;
    await page.mouse.move(box.x + 100, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + 300, box.y + 50, { steps: 4 });
    expect(await page.textContent('#price-readout')).toMatch(
      /^\d{4}-\d\d-\d\d \d\d:\d\d · [\d,.]+$/,
    );
    await page.mouse.up();
    expect(await range()).not.toBe(whole);
  });

  it('draws equity on a logarithmic scale when asked', async () => {
    const { page, said } = await opened('phone');
    const picture = () => page.$eval('canvas >> nth=1', (canvas) => canvas.toDataURL());
    const linear = await picture();
    await page.click('#log');
    expect(await page.getAttribute('#log', 'aria-pressed')).toBe('true');
    await expect.poll(picture).not.toBe(linear);
    expect(said).toEqual([]);
  });
});
