/** The frame of every page: one file that asks for nothing from outside, in the style all pages share. */
import { readFileSync } from 'node:fs';
import { Html, html } from './html.ts';

/** Text of a file that is known to be safe inside a page. */
export const fileText = (path: string | URL) => new Html(readFileSync(path, 'utf8'));
export const clientFile = (name: string) => fileText(new URL(`client/${name}`, import.meta.url));

const NOTHING = new Html('');

/** The mark on a ship's side: a circle and the line to which she may be loaded. */
const LOAD_LINE = new Html(
  '<svg viewBox="0 0 44 44" aria-hidden="true"><g fill="none" stroke="currentColor" stroke-width="3.4"><circle cx="22" cy="22" r="13"/><path d="M3 22H41"/></g></svg>',
);

export interface PageParts {
  /** Of the window. */
  readonly title: string;
  readonly heading: Html;
  /** The line under the heading. */
  readonly subtitle: string;
  readonly body: Html;
  /** Styles that only this page needs, before the shared ones. */
  readonly style?: Html;
  readonly scripts?: Html;
}

/** The whole file's text. Its policy forbids every request. Reads the shared style from disk. */
export function pageText(parts: PageParts): string {
  const { title, heading, subtitle, body, style = NOTHING, scripts = NOTHING } = parts;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${style}
${clientFile('report.css')}</style>
</head>
<body>
<main id="report">
<header>${LOAD_LINE}<div><h1>${heading}</h1>
<p>${subtitle}</p></div></header>
${body}
</main>
${scripts}
</body>
</html>
`.text;
}

/** What a page comes to, before anything else. */
export function verdictCard({
  isGood,
  headline,
  text,
}: {
  isGood: boolean;
  headline: string;
  text: string;
}): Html {
  return html`<section class="card verdict${isGood ? ' is-good' : ''}"><strong>${headline}</strong><p>${text}</p></section>`;
}

export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly more: string;
  readonly tone?: 'good' | 'bad' | '';
}

export function tilesRow(tiles: readonly Tile[]): Html {
  return html`<div class="tiles">
${tiles.map(
  ({ label, value, more, tone = '' }) =>
    html`<dl class="card tile"><dt>${label}</dt><dd class="${tone}">${value}</dd><dd>${more}</dd></dl>\n`,
)}</div>`;
}
