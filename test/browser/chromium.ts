/** The Chromium that the machine has, for tests that look at pages as a person would. */
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

export const CHROMIUM = process.env.PLIMSOLL_CHROMIUM ?? '/usr/bin/chromium';
export const isChromiumThere = existsSync(CHROMIUM);

/** Says why the browser tests are skipped, once, where they are. */
export function tellIfMissing(): void {
  if (isChromiumThere) return;
  process.stderr.write(
    `browser tests skipped: no Chromium at ${CHROMIUM}; install it or set PLIMSOLL_CHROMIUM\n`,
  );
}

let started: Promise<Browser> | null = null;

/** The browser of this process, started when it is first asked for. */
export function browserOfTests(): Promise<Browser> {
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
}
