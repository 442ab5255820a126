/** SVG to PNG. The renderer and the font are loaded at the first picture: a Lambda that draws none pays nothing. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

const FONT = { file: 'DejaVuSans.ttf', package: 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf' };
const RENDERER = { file: 'index_bg.wasm', package: '@resvg/resvg-wasm/index_bg.wasm' };

let loaded: Promise<Buffer> | null = null;

export async function renderPng(svg: string): Promise<Uint8Array> {
  loaded ??= load();
  const font = await loaded;
  const resvg = new Resvg(svg, {
    font: {
      fontBuffers: [font],
      loadSystemFonts: false,
      defaultFontFamily: 'DejaVu Sans',
    } as never,
  });
  try {
    const image = resvg.render();
    const png = image.asPng();
    image.free();
    return png;
  } finally {
    resvg.free();
  }
}

async function load(): Promise<Buffer> {
  await initWasm(asset(RENDERER));
  return asset(FONT);
}

/** Beside a bundled program, else in its package. */
function asset({ file, package: path }: { file: string; package: string }): Buffer {
  const beside = fileURLToPath(new URL(file, import.meta.url));
  return readFileSync(existsSync(beside) ? beside : createRequire(import.meta.url).resolve(path));
}
