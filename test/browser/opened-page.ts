/** A page opened as a person would, at a desktop's and a phone's width, with what it said, asked for and let stick out. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { giveBackPage, type Scheme, takePage } from './chromium.ts';

const SIZES = { desktop: { width: 1_280, height: 900 }, phone: { width: 360, height: 740 } };
export type Size = keyof typeof SIZES;

/** Every size and every color scheme: where things stand does not hang on their colors. */
export const LOOKS: readonly (readonly [Size, Scheme])[] = [
  ['desktop', 'light'],
  ['phone', 'dark'],
];

export interface OpenedPage {
  readonly page: Page;
  /** What the console and the page's errors said. */
  readonly said: readonly string[];
  close(): Promise<void>;
  /** Leaves a picture of the whole page under this name where PLIMSOLL_SCREENSHOTS names a folder. */
  picture(name: string): Promise<void>;
  /** The page is silent, no wider than the screen, and asked for nothing but its own file. */
  expectWhole(): Promise<void>;
}

export async function openedPage(
  file: string,
  { size, scheme }: { size: Size; scheme: Scheme },
): Promise<OpenedPage> {
  const page = await takePage(SIZES[size], scheme);
  const said: string[] = [];
  const asked: string[] = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(error.message));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  const { width } = SIZES[size];
  return {
    page,
    said,
    close: () => giveBackPage(page),
    picture: async (name) => {
      const folder = process.env.PLIMSOLL_SCREENSHOTS;
      if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
    },
    expectWhole: async () => {
      const wide = await page.$$eval(
        'body *',
        (elements, most) =>
          elements
            .filter((element) => element.getBoundingClientRect().right > most + 0.5)
            .map((element) => `${element.tagName} ${element.getAttribute('class')}`),
        width,
      );
      expect(wide).toEqual([]);
      expect(await page.$eval('html', (root) => root.scrollWidth)).toBe(width);
      expect(said).toEqual([]);
      const outside = (url: string) => !url.startsWith('file:') && !url.startsWith('data:');
      expect(asked.filter(outside)).toEqual([]);
      expect(asked.filter((url) => url.startsWith('file:'))).toHaveLength(1);
    },
  };
}
