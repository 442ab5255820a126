/** What one check of the doctor comes to, and the checks that need neither store nor exchange. */
import type { EffectiveConfiguration } from '../../../shared/config/load.ts';

export interface Check {
  readonly name: string;
  /** A session starts in spite of a warning, not of a failure. */
  readonly status: 'ok' | 'warning' | 'failed';
  /** What was found; where it is not ok, what to do. */
  readonly text: string;
}

const NODE_MIN = 24;

export const ok = (name: string, text: string): Check => ({ name, status: 'ok', text });
export const warning = (name: string, text: string): Check => ({ name, status: 'warning', text });
export const failed = (name: string, text: string): Check => ({ name, status: 'failed', text });

/** `version` as in process.versions.node. */
export function checkNode(version: string): Check {
  if (Number.parseInt(version, 10) >= NODE_MIN) return ok('node', version);
  return failed('node', `${version}; run through npm, which brings its own Node ${NODE_MIN}`);
}

/** Of a configuration that could be read; its mistakes have been refused by then. */
export function checkConfiguration(configuration: EffectiveConfiguration): Check {
  const { mode, symbol, strategy, params, interval, size, feed } = configuration;
  const shown = Object.entries(params).map(([key, value]) => `${key}=${value}`);
  return ok(
    'configuration',
    `${mode}, ${symbol} from ${feed}, ${strategy} (${shown.join(', ')}) on ${interval} candles, size ${size}`,
  );
}

/** The message of whatever was thrown, for a line of the report. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
