/**
 * The embedded exchange simulator: a child process that ends with us. Speaks to it only through its
 * ready message; everything else goes over its protocol.
 */
import { fork } from 'node:child_process';
import { createHttpFetch } from '../../shared/adapters/ccxt/http-fetch.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';

export interface SimulatorProcess {
  readonly url: string;
  readonly pid: number;
  /** Resolves with the reason when it ends without being stopped. */
  readonly died: Promise<string>;
  stop(): Promise<void>;
}

export interface SimulatorProcessOptions {
  readonly program: URL;
  readonly arguments: readonly string[];
}

/** The simulator could not start; the message is its own last line. */
export class SimulatorError extends Error {
  override readonly name = 'SimulatorError';
}

const ANSWER_TIMEOUT_MS = 10_000;

/** Whether the exchange simulator at `url` has a clock to share. Rejects where nobody answers there. */
export async function sharesClock(url: string): Promise<boolean> {
  const http = createHttpFetch({ clock: new SystemClock(), timeoutMs: ANSWER_TIMEOUT_MS });
  try {
    const answer = await http.fetch(url, { method: 'GET' });
    return (JSON.parse(await answer.text()) as { clock?: string }).clock === 'virtual';
  } finally {
    http.close();
  }
}

/** Starts it and waits until it listens. Rejects with SimulatorError where it ends before. */
export function startSimulatorProcess(options: SimulatorProcessOptions): Promise<SimulatorProcess> {
  const child = fork(options.program, [...options.arguments], {
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    // It shares two cores with the trader: one helper thread is enough, and is some 10 MB smaller. And its
    // young generation has one size, as the trader's: what it holds is then what it needs.
    execArgv: ['--v8-pool-size=1', '--min-semi-space-size=2', '--max-semi-space-size=2'],
    // A Ctrl-C at the terminal goes to the whole group: the simulator must outlive our last requests.
    detached: true,
  });
  let lastWords = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = `${lastWords}${text}`.slice(-2_000);
  });
  let isStopping = false;
  const exited = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(lastWords.trim() || `the exchange simulator ended (${signal ?? code})`),
    );
  });
  const died = new Promise<string>((resolve) => {
    void exited.then((reason) => {
      if (!isStopping) resolve(reason);
    });
  });
  const stop = async () => {
    isStopping = true;
    if (child.connected) child.disconnect();
    await exited;
  };
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new SimulatorError(error.message)));
    void exited.then((reason) => reject(new SimulatorError(reason)));
    child.once('message', (message: { type: string; url: string }) => {
      if (message.type !== 'ready') return;
      resolve({ url: message.url, pid: child.pid ?? 0, died, stop });
    });
  });
}
