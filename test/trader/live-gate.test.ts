/** Goal: one failed check of the doctor keeps a trader from real money; a warning does not. */
import { expect, it } from 'vitest';
import { type Check, failed, ok, warning } from '../../services/trader/doctor/check.ts';
import { refuseUnlessWell } from '../../services/trader/doctor/refuse-unless-well.ts';
import { loadConfiguration } from '../../shared/config/load.ts';

const configuration = loadConfiguration({
  file: null,
  environment: {},
  flags: { mode: 'live', apiKey: 'k', apiSecret: 's' },
});

/** What comes of these checks: what was said, and the refusal. */
async function gate(...checks: Check[]) {
  const said: string[] = [];
  const refusal = await refuseUnlessWell(
    configuration,
    (severity, text) => said.push(`${severity} ${text}`),
    async (_, report) => checks.forEach(report),
  ).then(
    () => null,
    (error: Error) => error,
  );
  return { said, refusal };
}

it('lets pass where nothing has failed', async () => {
  const { said, refusal } = await gate(ok('clock', '3 ms'), warning('store', 'led by another'));
  expect(refusal).toBeNull();
  expect(said).toEqual(['info doctor: clock: 3 ms', 'warning doctor: store: led by another']);
});

it('refuses where a check has failed, and names it', async () => {
  const { said, refusal } = await gate(
    failed('key', 'may withdraw'),
    ok('clock', '3 ms'),
    failed('streams', 'no book'),
  );
  expect(refusal?.name).toBe('ConfigurationError');
  expect(refusal?.message).toMatch(/^mode live is refused: .*\(key, streams\)/);
  expect(said[0]).toBe('critical doctor: key: may withdraw');
});
