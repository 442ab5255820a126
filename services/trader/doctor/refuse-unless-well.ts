/** The gate before real money, whatever was deployed: nothing that the doctor checks may have failed. */
import { ConfigurationError, type EffectiveConfiguration } from '../../../shared/config/load.ts';
import type { Severity } from '../../../shared/core/command.ts';
import type { Check } from './check.ts';
import { examine } from './examine.ts';

const SEVERITIES: Readonly<Record<Check['status'], Severity>> = {
  ok: 'info',
  warning: 'warning',
  failed: 'critical',
};

/** Says each check; throws ConfigurationError where one has failed. `examineAll` stands for `examine` in tests. */
export async function refuseUnlessWell(
  configuration: EffectiveConfiguration,
  say: (severity: Severity, text: string) => void,
  examineAll: typeof examine = examine,
): Promise<void> {
  const failed: string[] = [];
  await examineAll(configuration, ({ name, status, text }) => {
    say(SEVERITIES[status], `doctor: ${name}: ${text}`);
    if (status === 'failed') failed.push(name);
  });
  if (failed.length === 0) return;
  throw new ConfigurationError(
    `mode ${configuration.mode} is refused: the doctor’s checks failed (${failed.join(', ')}); mend that and start again`,
  );
}
