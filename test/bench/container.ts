/**
 * The container's program as it is deployed: its resident set while it trades on paper with its state in
 * DynamoDB, and what the Lambdas' bundles weigh and take to import, each from an empty folder.
 */
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BUNDLES, type BundleName, isBundleComplete } from '../../infra/bundles.ts';
import { importFresh, isolatedBundle } from '../deploy/isolated.ts';
import { hasDynoxide, noticeWithoutDynoxide, startDynoxide } from '../support/dynoxide.ts';
import { type BenchRow, row } from './rows.ts';
import { inTemporaryFolder } from './trading-rig.ts';

const SECONDS = 30;
const MB_MAX = 150;
const IMPORT_MS_MAX = 150;
const KB_MAX = 1_200;
/** The fastest is the bundle's own; the others are what else the machine was doing. */
const IMPORTS = 9;
const EXCHANGE = fileURLToPath(
  new URL('../../services/exchange-simulator/main.ts', import.meta.url),
);
const LARGE: ReadonlySet<string> = new Set(['chart']);

export async function containerBench(): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  noticeWithoutDynoxide();
  if (hasDynoxide) rows.push(await memoryRow());
  for (const name of Object.keys(BUNDLES) as BundleName[]) {
    if (BUNDLES[name].kind === 'lambda' && isBundleComplete(name))
      rows.push(...(await lambdaRows(name)));
  }
  return rows;
}

async function lambdaRows(name: BundleName): Promise<BenchRow[]> {
  const isolated = await isolatedBundle(name);
  try {
    const times: number[] = [];
    for (let i = 0; i < IMPORTS; i++) times.push((await importFresh(isolated.file)).importMs);
    const kilobytes = statSync(isolated.file).size / 1_000;
    return [
      row({
        name: `${name}: import of the bundle in a fresh process, fastest of ${IMPORTS}`,
        value: Math.min(...times),
        unit: 'ms',
        peer: 'what is demanded',
        peerValue: IMPORT_MS_MAX,
        limit: { valueMax: IMPORT_MS_MAX },
      }),
      row({
        name: `${name}: size of the bundle, minified`,
        value: kilobytes,
        unit: 'kB',
        peer: 'what is demanded',
        peerValue: KB_MAX,
        ...(LARGE.has(name) ? {} : { limit: { valueMax: KB_MAX } }),
      }),
    ];
  } finally {
    isolated.remove();
  }
}

/** The most the trader alone holds within `SECONDS`; exchange and database are others' processes. */
async function memoryRow(): Promise<BenchRow> {
  const isolated = await isolatedBundle('trader');
  const engine = await startDynoxide();
  try {
    return await inTemporaryFolder(async (directory) => {
      const exchange = spawn(process.execPath, [EXCHANGE, '--port', '0'], {
        cwd: directory,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      try {
        const trader = spawn(process.execPath, [isolated.file], {
          cwd: directory,
          stdio: ['ignore', 'ignore', 'inherit'],
          env: {
            PATH: process.env.PATH,
            AWS_REGION: 'eu-west-1',
            PLIMSOLL_EXCHANGE: await urlOf(exchange.stdout),
            PLIMSOLL_STORE: `dynamodb:${engine.endpoint}`,
            PLIMSOLL_INTERVAL: '1s',
            PLIMSOLL_PARAMS: '{"longWindow":12,"smoothingWindow":3}',
            PLIMSOLL_HEALTH_FILE: `${directory}/health.json`,
          },
        });
        let most = 0;
        for (let second = 0; second < SECONDS; second++) {
          await pause(1_000);
          if (trader.exitCode !== null) throw new Error(`the trader ended with ${trader.exitCode}`);
          most = Math.max(most, residentMb(trader.pid ?? 0));
        }
        trader.kill('SIGTERM');
        return row({
          name: `container: highest resident set of the bundled trader in ${SECONDS} s on paper, state in DynamoDB`,
          value: most,
          unit: 'MB',
          peer: 'what is demanded',
          peerValue: MB_MAX,
          limit: { valueMax: MB_MAX },
        });
      } finally {
        exchange.kill('SIGTERM');
      }
    });
  } finally {
    await engine.stop();
    isolated.remove();
  }
}

function urlOf(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    output.on('data', (text: Buffer) => {
      const found = /http:\/\/[^\s/]+/.exec(String(text))?.[0];
      if (found) resolve(found);
    });
  });
}

function residentMb(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes ?? 0) / 1_024;
}
