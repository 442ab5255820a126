/**
 * A real DynamoDB engine for tests: dynoxide, one binary from an optional dependency, on a free port.
 * Where the platform has none, the caller skips and says so; it must never pass silently.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';

const BINARY = fileURLToPath(
  new URL(
    `../../node_modules/@dynoxide/${process.platform}-${process.arch}/dynoxide`,
    import.meta.url,
  ),
);

export const hasDynoxide = existsSync(BINARY);

/** Says on the terminal that tests are left out. Call beside the skipped suite. */
export function noticeWithoutDynoxide(): void {
  if (hasDynoxide) return;
  process.stderr.write(
    `\nNOTICE: DynamoDB tests are SKIPPED: no dynoxide for ${process.platform}-${process.arch}\n\n`,
  );
}

export interface Dynoxide {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts an engine; in memory unless `databasePath` is given. */
export async function startDynoxide(databasePath?: string): Promise<Dynoxide> {
  const port = await freePort();
  const args = ['--port', String(port), ...(databasePath ? ['--db-path', databasePath] : [])];
  const child = spawn(BINARY, args, { stdio: 'ignore' });
  // Also where a test fails before it stops its engine.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const endpoint = `http://127.0.0.1:${port}`;
  await untilHealthy(child, port);
  return {
    endpoint,
    async stop() {
      process.off('exit', end);
      if (child.exitCode !== null || child.signalCode !== null) return;
      end();
      await once(child, 'exit');
    },
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Its own probe, repeated: each answers at once or when the server does. */
async function untilHealthy(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`dynoxide ended with ${child.exitCode}`);
    const probe = spawn(BINARY, ['healthcheck', '--port', String(port)], { stdio: 'ignore' });
    const [code] = (await once(probe, 'exit')) as [number | null];
    if (code === 0) return;
  }
  child.kill('SIGKILL');
  throw new Error('dynoxide did not answer');
}
