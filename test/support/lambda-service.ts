/**
 * AWS's own front door to Lambdas, on loopback: takes an asynchronous invocation and has the test deliver it,
 * as often as it likes. And a bundle's handler as a process of its own, as Lambda runs it.
 */
import { pathToFileURL } from 'node:url';
import { type LoopbackServer, startLoopbackServer } from './loopback-server.ts';
import { type Program, startNode } from './processes.ts';

export interface Invocation {
  readonly functionName: string;
  readonly payload: unknown;
}

export function startLambdaService(
  deliver: (invocation: Invocation) => void,
): Promise<LoopbackServer> {
  return startLoopbackServer(({ path, headers, body }) => {
    const [, name = ''] = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/.exec(path) ?? [];
    if (name === '' || headers['x-amz-invocation-type'] !== 'Event') return { status: 400 };
    deliver({ functionName: decodeURIComponent(name), payload: JSON.parse(body) });
    return { status: 202 };
  });
}

/** The last line is the handler's result as JSON; where it throws, the program fails. */
export function invokeBundle(
  file: string,
  cwd: string,
  {
    payload,
    timeLimitMs,
    environment,
  }: {
    readonly payload: unknown;
    readonly timeLimitMs: number;
    readonly environment: Readonly<Record<string, string>>;
  },
): Program {
  const program = `
    const { handler } = await import(${JSON.stringify(pathToFileURL(file).href)});
    const endMs = performance.now() + ${timeLimitMs};
    const context = { getRemainingTimeInMillis: () => endMs - performance.now() };
    const result = await handler(${JSON.stringify(payload)}, context);
    process.stdout.write(JSON.stringify(result) + '\\n', () => process.exit(0));`;
  return startNode(['--input-type=module', '--eval', program], cwd, {
    PATH: process.env.PATH ?? '',
    ...environment,
  });
}
