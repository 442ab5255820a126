/** Programs of the project as child processes, for end-to-end tests: started, watched by line, ended by id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ROOT = new URL('../../', import.meta.url);
const CLI = fileURLToPath(new URL('services/cli/main.ts', ROOT));

export interface Program {
  readonly pid: number;
  /** Everything printed so far, by line, standard output and error together. */
  readonly lines: readonly string[];
  /** Resolves with the first line, past or to come, that `matches`; rejects after `timeoutMs` or at the program's end. */
  line(matches: (line: string) => boolean, timeoutMs?: number): Promise<string>;
  /** Calls back with each line as it comes. */
  onLine(listener: (line: string) => void): void;
  /** Sends a signal and resolves with the exit code, or the signal's name, once it has ended. */
  end(signal?: NodeJS.Signals): Promise<number | string>;
  readonly ended: Promise<number | string>;
}

/** Starts `plimsoll <args>` in `cwd`; `environment` is added to ours. */
export function startPlimsoll(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>> = {},
): Program {
  // The exchange and the gateway are programs of their own: their signals must reach themselves.
  const own: Readonly<Record<string, string>> = {
    exchange: 'services/exchange-simulator/main.ts',
    gateway: 'services/gateway/main.ts',
  };
  const [first = '', ...rest] = args;
  const file = own[first];
  const command =
    file === undefined ? [CLI, ...args] : [fileURLToPath(new URL(file, ROOT)), ...rest];
  return watch(
    spawn(process.execPath, command, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1', ...environment },
    }),
  );
}

/** Starts Node on `args` in `cwd`, with this environment and nothing else. */
export function startNode(
  args: readonly string[],
  cwd: string,
  environment: Readonly<Record<string, string>>,
): Program {
  const env = { ...environment };
  return watch(spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env }));
}

function watch(child: ChildProcess): Program {
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      for (const listener of [...listeners]) listener(line);
    });
  }
  const ended = new Promise<number | string>((resolve) => {
    // `close` comes after the last line, `exit` may come before.
    child.once('close', (code, signal) => resolve(signal ?? code ?? -1));
  });
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    onLine: (listener) => {
      listeners.add(listener);
    },
    line(matches, timeoutMs = 20_000) {
      const past = lines.find(matches);
      if (past !== undefined) return Promise.resolve(past);
      return new Promise((resolve, reject) => {
        const settle = (finish: () => void) => {
          clearTimeout(timer);
          listeners.delete(listener);
          finish();
        };
        const refuse = (why: string) =>
          settle(() => reject(new Error(`${why}; it printed:\n${lines.slice(-20).join('\n')}`)));
        const listener = (line: string) => {
          if (matches(line)) settle(() => resolve(line));
        };
        const timer = setTimeout(() => refuse(`no such line in ${timeoutMs} ms`), timeoutMs);
        listeners.add(listener);
        void ended.then((code) => refuse(`the program ended (${code})`));
      });
    },
    end(signal = 'SIGTERM') {
      child.kill(signal);
      return ended;
    },
  };
}
