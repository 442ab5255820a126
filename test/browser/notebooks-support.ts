/** The notebooks built from a copy of the sources, served on loopback, and a browser that sees nothing else. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { CHROMIUM, giveBackPage, isChromiumThere, takePage } from './chromium.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const KIT = join(ROOT, 'node_modules/@observablehq/notebook-kit/dist/bin/notebooks.js');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.csv': 'text/csv',
  '.woff2': 'font/woff2',
};

const CELL = /<script id="(\d+)" type="([^"]+)"[^>]*>([\s\S]*?)<\/script>/g;

/** Why notebooks cannot be tested here; null where they can. */
export function missingForNotebooks(): string | null {
  if (!existsSync(KIT)) return 'Observable Notebook Kit is not installed (npm ci)';
  if (!isChromiumThere) {
    return `no browser at ${CHROMIUM}: install Debian's chromium or set PLIMSOLL_CHROMIUM`;
  }
  return null;
}

export interface BuiltNotebooks {
  /** Holds everything; for the caller to remove. */
  readonly folder: string;
  readonly dist: string;
  /** The notebooks' file names. */
  readonly pages: readonly string[];
  /** Puts other candles in the notebooks' place, as `npm run notebooks:data` does; throws what it says of bad ones. */
  take(...args: string[]): void;
  /** The cells in a page's source, and whether each shows something. */
  cells(page: string): { id: string; shows: boolean }[];
}

/**
 * Builds every notebook, and those of `planted` by file name, in a folder of its own, on generated data: what a
 * person put into research/notebooks/data is neither read nor touched. Throws with the tool's output where it fails.
 */
export function buildNotebooks(planted: Readonly<Record<string, string>>): BuiltNotebooks {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-notebooks-'));
  const isOwn = (path: string) => !/research\/(datasets|notebooks\/(data|\.observable))/.test(path);
  for (const part of ['research', 'shared']) {
    cpSync(join(ROOT, part), join(folder, part), { recursive: true, filter: isOwn });
  }
  for (const file of ['package.json', 'tsconfig.json'])
    cpSync(join(ROOT, file), join(folder, file));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const notebooks = join(folder, 'research/notebooks');
  for (const [name, text] of Object.entries(planted)) writeFileSync(join(notebooks, name), text);
  const pages = readdirSync(notebooks).filter((name) => name.endsWith('.html'));
  const dist = join(folder, 'dist');
  const take = (...args: string[]) => run(folder, 'research/notebooks/prepare-data.ts', ...args);
  try {
    take();
    run(
      folder,
      ...[KIT, 'build', '--root', notebooks, '--out', dist],
      ...['--template', join(notebooks, 'template/page.html'), '--'],
      ...pages.map((name) => join(notebooks, name)),
    );
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
  const cells = (page: string) =>
    [...readFileSync(join(notebooks, page), 'utf8').matchAll(CELL)].map(
      ([, id = '', type, source = '']) => ({
        id,
        shows: type === 'text/markdown' || /\b(display|view)\(/.test(source),
      }),
    );
  return { folder, dist, pages, take, cells };
}

function run(cwd: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} exited with ${status}\n${stdout}${stderr}`);
}

/** Serves the built notebooks on a free port of loopback, with the data they were built with or what they have taken. */
export async function serve(
  { folder, dist }: BuiltNotebooks,
  data: 'built' | 'taken' = 'built',
): Promise<{ server: Server; origin: string }> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    // "/assets/candles-BQM9DCOS.csv": what was attached, under its name and a hash.
    const [, name] = /\/([a-z]+)-[^/]*\.csv$/.exec(pathname) ?? [];
    const path =
      name && data === 'taken'
        ? join(folder, 'research/notebooks/data', `${name}.csv`)
        : resolve(dist, `.${pathname}`);
    if (!path.startsWith(folder) || !existsSync(path)) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'application/octet-stream' });
    response.end(readFileSync(path));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

export interface OpenedPage {
  readonly page: Page;
  /** Requests for anything but `origin`; each was refused. */
  readonly outside: string[];
  /** Errors in the page and on its console. */
  readonly errors: string[];
  close(): Promise<void>;
}

export const HEIGHT = 900;

/** Opens a page and waits until its cells have settled. */
export async function open({
  origin,
  path,
  width,
}: {
  origin: string;
  path: string;
  width: number;
}): Promise<OpenedPage> {
  const page = await takePage({ width, height: HEIGHT });
  const outside: string[] = [];
  const errors: string[] = [];
  await page.route('**/*', (route) => {
    const url = route.request().url();
    if (url.startsWith(`${origin}/`) || url.startsWith('data:')) return route.continue();
    outside.push(url);
    return route.abort();
  });
  page.on('pageerror', (error) => errors.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(`${origin}/${path}`, { waitUntil: 'networkidle' });
  return { page, outside, errors, close: () => giveBackPage(page) };
}
