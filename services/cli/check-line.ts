/** A check of the doctor as a line of a terminal. */
import pc from 'picocolors';
import type { Check } from '../trader/doctor/check.ts';

const SIGNS: Readonly<Record<Check['status'], string>> = {
  ok: pc.green('ok     '),
  warning: pc.yellow('warning'),
  failed: pc.bold(pc.red('FAILED ')),
};

export function line({ name, status, text }: Check): string {
  return `${SIGNS[status]} ${name.padEnd(14)} ${text}\n`;
}
