/**
 * Every program that is deployed, and how it becomes one file. The stacks, the Dockerfile and the
 * tests all bundle through here, so what is tested is what is deployed. As a program it writes
 * `dist/<name>/` of the bundles named, or of all: `npm run bundle -- trader`.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { sourceId } from '../shared/config/build.ts';

export interface Bundle {
  /** Bundled file, without `.mjs`, by the module it begins with. */
  readonly entries: Readonly<Record<string, string>>;
  /** Files put beside the program, under their own names; it finds them by `import.meta.url`. */
  readonly assets: readonly string[];
  /** A Lambda exports `handler`; a program runs when it is imported. */
  readonly kind: 'lambda' | 'program';
}

const lambda = (entry: string, assets: readonly string[] = []): Bundle => ({
  entries: { index: entry },
  assets,
  kind: 'lambda',
});

export const BUNDLES = {
  trader: {
    entries: {
      index: 'services/trader/main.ts',
      'health-check': 'services/trader/health-check.ts',
    },
    assets: [],
    kind: 'program',
  },
  emergency: lambda('services/trader/emergency/handler.ts'),
  'telegram-bot': lambda('services/telegram-bot/handler.ts'),
  chart: lambda('services/chart/handler.ts', [
    'node_modules/@resvg/resvg-wasm/index_bg.wasm',
    'node_modules/dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
  ]),
  reconciler: lambda('services/reconciler/handler.ts'),
  'margin-alert': lambda('services/margin-alert/handler.ts'),
  'sweep-worker': lambda('research/sweep/worker-handler.ts', ['research/sweep/kernel.wasm']),
} as const satisfies Readonly<Record<string, Bundle>>;
export type BundleName = keyof typeof BUNDLES;

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Whether all of a bundle's modules are there. */
export function isBundleComplete(name: BundleName): boolean {
  const { entries, assets }: Bundle = BUNDLES[name];
  return [...Object.values(entries), ...assets].every((file) => existsSync(join(ROOT, file)));
}

/**
 * Writes the bundle's files to `outDir`, created where missing: `index.mjs`, any further entry, the
 * assets. Throws where a module of it is missing or cannot be bundled.
 */
export async function bundle(name: BundleName, outDir: string): Promise<void> {
  const { entries, assets }: Bundle = BUNDLES[name];
  for (const file of [...Object.values(entries), ...assets]) {
    if (!existsSync(join(ROOT, file))) throw new Error(`bundle ${name}: there is no ${file}`);
  }
  mkdirSync(outDir, { recursive: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: entries,
    outdir: outDir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Packages' own ES modules first: what is not used of them can be left out.
    mainFields: ['module', 'main'],
    // CommonJS packages call `require`, which an ES module has to be given.
    banner: {
      js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
    },
    legalComments: 'none',
    define: { __PLIMSOLL_BUILD__: JSON.stringify(sourceId(ROOT)) },
    logLevel: 'silent',
    // grammY for Node brings a fetch of its own, 300 KB that minifying breaks; this one uses Node's.
    alias: { grammy: 'grammy/web' },
    plugins: [oneCcxtClass, withoutProtobuf],
  });
  for (const file of assets)
    copyFileSync(join(ROOT, file), join(outDir, file.split('/').at(-1) ?? ''));
}

/** Of ccxt's hundred exchanges a deployed program speaks to one; ccxt's `exports` hides its file. */
const oneCcxtClass: Plugin = {
  name: 'one-ccxt-class',
  setup({ onLoad }) {
    onLoad({ filter: /shared\/adapters\/ccxt\/class-files\.ts$/ }, () => ({
      contents: `export const importClass = async (name, variant) =>
        name === 'binanceusdm' && variant === 'rest'
          ? (await import('./node_modules/ccxt/js/src/binanceusdm.js')).default
          : null;`,
      resolveDir: ROOT,
    }));
  },
};

/** An optional peer of ccxt for one exchange; left out as external, the program would die at import. */
const withoutProtobuf: Plugin = {
  name: 'without-protobuf',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^protobufjs(\/|$)/ }, () => ({ path: 'protobufjs', namespace: 'absent' }));
    onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'export default {};' }));
  },
};

if (import.meta.main) {
  const wanted = process.argv.slice(2);
  for (const name of wanted.length > 0 ? wanted : Object.keys(BUNDLES)) {
    if (!(name in BUNDLES)) {
      process.stderr.write(`bundle: no "${name}"; there are ${Object.keys(BUNDLES).join(', ')}\n`);
      process.exit(2);
    }
    await bundle(name as BundleName, join(ROOT, 'dist', name));
    process.stdout.write(`dist/${name}\n`);
  }
}
