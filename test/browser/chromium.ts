/** The Chromium that the machine has, for tests that look at pages as a person would. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

export const CHROMIUM = process.env.PLIMSOLL_CHROMIUM ?? '/usr/bin/chromium';
export const isChromiumThere = existsSync(CHROMIUM);

/** Says why the browser tests are skipped, once, where they are. */
export function tellIfMissing(): void {
  if (isChromiumThere) return;
  process.stderr.write(
    `browser tests skipped: no Chromium at ${CHROMIUM}; install it or set PLIMSOLL_CHROMIUM\n`,
  );
}

export type Scheme = 'light' | 'dark';

let started: Promise<Browser> | null = null;
const free: Page[] = [];

/** The browser of this process, started when it is first asked for. */
function browserOfTests(): Promise<Browser> {
  started ??= chromium.launch({
    executablePath: CHROMIUM,
    args: [
      ...['--no-sandbox', '--headless', '--disable-gpu', '--no-first-run', '--disable-sync'],
      ...['--disable-background-networking', '--disable-component-update'],
    ],
  });
  return started;
}

export async function closeBrowser(): Promise<void> {
  await (await started)?.close();
  started = null;
  free.length = 0;
}

/** A blank page of this size; one that was given back, if there is one: a new one costs more than most pages here. */
export async function takePage(
  size: { width: number; height: number },
  colorScheme: Scheme = 'light',
): Promise<Page> {
  const page = free.pop() ?? (await (await browserOfTests()).newPage());
  await page.setViewportSize(size);
  await page.emulateMedia({ colorScheme });
  return page;
}

/** Takes from the page what it shows, who listens to it and who answers for it. */
export async function giveBackPage(page: Page): Promise<void> {
  for (const event of ['console', 'pageerror', 'request']) await page.removeAllListeners(event);
  await page.unrouteAll();
  await page.goto('about:blank');
  free.push(page);
}
