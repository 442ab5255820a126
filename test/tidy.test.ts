/**
 * Goal: the bans on clocks, randomness, I/O, packages and forbidden imports bite. Method: a copy of the
 * rules in a folder of its own, one planted violation at a time; the tools must report each, and must
 * be silent about what is allowed.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const project = mkdtempSync(join(tmpdir(), 'plimsoll-tidy-'));

function plant(path: string, text: string): string {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
  return path;
}

function run(tool: string, ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(join(bin, tool), args, {
    cwd: project,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

beforeAll(() => {
  for (const path of ['biome.json', '.dependency-cruiser.cjs', 'tsconfig.json', 'test/lint']) {
    cpSync(join(root, path), join(project, path), { recursive: true });
  }
  writeFileSync(join(project, '.gitignore'), 'node_modules\n');
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }\n');
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'));
});

afterAll(() => rmSync(project, { recursive: true, force: true }));

describe('the linter', () => {
  const banned: Record<string, [text: string, says: string]> = {
    date: ['export const now = Date.now();\n', 'noRestrictedGlobals'],
    'new-date': ['export const now = new Date();\n', 'noRestrictedGlobals'],
    performance: ['export const now = performance.now();\n', 'noRestrictedGlobals'],
    timer: ['export const t = setTimeout(() => 1, 1);\n', 'noRestrictedGlobals'],
    random: ['export const r = Math.random();\n', 'must be deterministic'],
    logarithm: ['export const r = Math.log(2);\n', 'must be deterministic'],
    console: ["console.log('x');\n", 'noRestrictedGlobals'],
    process: ['export const e = process.env;\n', 'noRestrictedGlobals'],
    'node-import': [
      "import { readFileSync } from 'node:fs';\n\nexport const f = readFileSync;\n",
      'noRestrictedImports',
    ],
    'package-import': ["import { z } from 'zod';\n\nexport const s = z;\n", 'noRestrictedImports'],
  };
  const folders = ['shared/core', 'shared/core/trading', 'shared/strategies', 'shared/simulation'];

  it('reports each ban in every deterministic folder', () => {
    const planted = Object.entries(banned).flatMap(([name, [text, says]]) =>
      folders.map((folder) => ({ path: plant(`${folder}/${name}.ts`, text), says })),
    );
    const { status, output } = run(
      'biome',
      'lint',
      '--reporter=github',
      '--max-diagnostics=none',
      'shared',
    );
    expect(status).not.toBe(0);
    for (const { path, says } of planted) {
      const lines = output.split('\n').filter((line) => line.includes(`/${path},`));
      expect([path, lines.join('\n')]).toEqual([path, expect.stringMatching(says)]);
    }
  });

  it('lets a deterministic file, and a clock elsewhere, pass', () => {
    rmSync(join(project, 'shared'), { recursive: true });
    plant(
      'shared/core/a.ts',
      "import { b } from './b.ts';\n\nexport const a = b + Math.max(1, 2);\n",
    );
    plant('shared/core/b.ts', 'export const b = 1;\n');
    plant('services/trader/clock.ts', 'export const now = () => Date.now();\n');
    const { status, output } = run('biome', 'lint', 'shared', 'services');
    expect([status, output]).toEqual([0, expect.anything()]);
  });

  it('reports a promise that nobody waits for, an any and an empty catch', () => {
    const says = {
      floating: 'noFloatingPromises',
      any: 'noExplicitAny',
      silent: 'noEmptyBlockStatements',
    };
    plant(
      'services/floating.ts',
      'const work = async (): Promise<number> => 1;\n\nexport function start(): void {\n  work();\n}\n',
    );
    plant('services/any.ts', 'export const a: any = 1;\n');
    plant(
      'services/silent.ts',
      'export function f(g: () => void): void {\n  try {\n    g();\n  } catch {}\n}\n',
    );
    const { status, output } = run('biome', 'lint', '--reporter=github', 'services');
    expect(status).not.toBe(0);
    for (const [name, rule] of Object.entries(says)) {
      const lines = output.split('\n').filter((line) => line.includes(`/services/${name}.ts,`));
      expect([name, lines.join('\n')]).toEqual([name, expect.stringContaining(rule)]);
    }
  });
});

describe('the import rules', () => {
  const target = (name: string) => `export const ${name} = 1;\n`;
  const uses = (from: string) => `import * as used from '${from}';\n\nexport const a = used;\n`;

  it('report each forbidden direction and each cycle, and nothing else', () => {
    for (const folder of ['shared', 'services']) {
      rmSync(join(project, folder), { recursive: true, force: true });
    }
    plant('shared/adapters/a/a.ts', target('adapter'));
    plant('shared/core/trading/order.ts', target('order'));
    plant('shared/core/market/candle.ts', target('candle'));
    plant('shared/core/engine.ts', target('engine'));
    plant('shared/ports/store.ts', uses('../core/engine.ts'));
    plant('services/gateway/gateway.ts', target('gateway'));
    plant('services/trader/allowed.ts', uses('../../shared/adapters/a/a.ts'));
    plant('shared/strategies/allowed.ts', uses('../core/market/candle.ts'));
    plant('research/data.ts', target('data'));
    plant('test/help.ts', target('help'));
    const forbidden: [path: string, from: string, rule: string][] = [
      ['shared/core/to-adapter.ts', '../adapters/a/a.ts', 'core-imports-core'],
      ['shared/core/to-port.ts', '../ports/store.ts', 'core-imports-core'],
      ['shared/core/to-node.ts', 'node:fs', 'core-imports-core'],
      ['shared/core/to-npm.ts', 'zod', 'core-imports-core'],
      [
        'shared/strategies/to-trading.ts',
        '../core/trading/order.ts',
        'strategies-import-market-and-strategy',
      ],
      [
        'shared/strategies/to-engine.ts',
        '../core/engine.ts',
        'strategies-import-market-and-strategy',
      ],
      ['shared/ports/to-adapter.ts', '../adapters/a/a.ts', 'ports-import-core'],
      ['shared/simulation/to-engine.ts', '../core/engine.ts', 'simulation-imports-core-and-ports'],
      [
        'shared/adapters/a/to-service.ts',
        '../../../services/gateway/gateway.ts',
        'adapters-import-ports-and-core',
      ],
      [
        'shared/config/to-service.ts',
        '../../services/gateway/gateway.ts',
        'shared-imports-no-service',
      ],
      ['services/trader/to-service.ts', '../gateway/gateway.ts', 'services-import-shared-only'],
      ['services/trader/to-research.ts', '../../research/data.ts', 'services-import-shared-only'],
      ['services/trader/to-test.ts', '../../test/help.ts', 'services-import-shared-only'],
      ['research/to-service.ts', '../services/gateway/gateway.ts', 'research-imports-shared-only'],
      ['services/trader/to-nowhere.ts', './missing.ts', 'resolvable'],
    ];
    for (const [path, from] of forbidden) plant(path, uses(from));
    plant('shared/core/cycle-a.ts', uses('./cycle-b.ts'));
    plant('shared/core/cycle-b.ts', uses('./cycle-a.ts'));
    const check = ['--config', '.dependency-cruiser.cjs', 'shared', 'services', 'research', 'test'];
    const { status, output } = run('depcruise', ...check);
    expect(status).not.toBe(0);
    // "error core-imports-core: shared/core/to-node.ts → fs"
    const told = output.matchAll(/error ([\w-]+): (\S+)/g);
    const found = Array.from(told, ([, rule, from]) => `${from}: ${rule}`);
    for (const [path, , rule] of forbidden) expect(found).toContain(`${path}: ${rule}`);
    expect(found).toContain('shared/core/cycle-a.ts: no-cycles');
    expect(found.filter((line) => line.includes('allowed'))).toEqual([]);
    expect(found.filter((line) => line.startsWith('shared/ports/store.ts'))).toEqual([]);
  });
});
