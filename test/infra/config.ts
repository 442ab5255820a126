/** Goal: what cannot be deployed is refused at synth, in one sentence that names the key and what to do. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DeploymentError, readSettings, refuseRegion, SETTING_KEYS } from '../../infra/config.ts';
import { configurationSchema } from '../../shared/config/schema.ts';

const settings = (context: Record<string, unknown>) => readSettings((key) => context[key]);

describe('the settings', () => {
  it('are paper on a public IP when nothing is chosen', () => {
    expect(settings({})).toMatchObject({ mode: 'paper', egress: 'public-ip', deployment: 'main' });
  });

  it('read numbers from the command line, where everything is text', () => {
    expect(settings({ logDays: '30', leverage: '5', webhookConcurrency: '0' })).toMatchObject({
      logDays: 30,
      leverage: 5,
      webhookConcurrency: 0,
    });
  });

  it('of live need a static way out', () => {
    expect(() => settings({ mode: 'live' })).toThrow(
      /"egress" is "public-ip" in mode live: .*static/,
    );
    for (const egress of ['fck-nat', 'nat-gateway']) {
      expect(settings({ mode: 'live', egress })).toMatchObject({ mode: 'live', egress });
    }
  });

  it('have no second program with the trading key but where the owner asks for one', () => {
    expect(settings({ mode: 'demo' }).emergencyFlatten).toBe(false);
    for (const emergencyFlatten of [true, 'true']) {
      expect(settings({ mode: 'demo', emergencyFlatten }).emergencyFlatten).toBe(true);
    }
    // Text of the command line, which is true to JavaScript.
    expect(settings({ mode: 'demo', emergencyFlatten: 'false' }).emergencyFlatten).toBe(false);
    expect(() => settings({ emergencyFlatten: true })).toThrow(/in mode paper: .*own process/);
  });

  it.each([
    ['deployment', 'too-long-name'],
    ['deployment', 'Main'],
    ['mode', 'simulated'],
    ['egress', 'vpn'],
    ['symbol', 'btcusdt'],
    ['account', 'a b'],
    ['params', '[5]'],
    ['params', '{'],
    ['interval', '7m'],
    ['size', '10'],
    ['leverage', '126'],
    ['leverage', 'high'],
    ['alertEmail', 'nobody'],
    ['logDays', '13'],
    ['region', 'tokyo'],
    ['fckNatAmi', 'fck-nat'],
    ['webhookConcurrency', '-1'],
    ['emergencyFlatten', 'yes'],
  ])('refuse %s = %s, naming key, value and what is accepted', (key, value) => {
    const attempt = () => settings({ [key]: value });
    expect(attempt).toThrow(DeploymentError);
    expect(attempt).toThrow(`context key "${key}" is ${JSON.stringify(value)}: must be`);
  });

  it.each(['us-east-1', 'us-gov-west-1', 'ca-central-1', 'cn-north-1'])(
    'refuse %s, where the exchange answers 451',
    (region) => {
      expect(() => settings({ region })).toThrow(/451/);
      expect(() => refuseRegion(region)).toThrow(DeploymentError);
    },
  );

  it.each(['ap-northeast-1', 'eu-west-1', 'sa-east-1', ''])('take region "%s"', (region) => {
    expect(settings({ region }).region).toBe(region);
  });

  it('are all written out in cdk.json, with their defaults', () => {
    const { context } = JSON.parse(
      readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8'),
    ) as { context: Record<string, unknown> };
    const own = Object.keys(context).filter((key) => !key.includes('/'));
    expect(own.sort()).toEqual([...SETTING_KEYS].sort());
    expect(settings(context)).toEqual(settings({}));
  });

  it('are such that the trader takes what is passed on to it', () => {
    const { symbol, account, strategy, interval, size, leverage, params, mode } = settings({});
    const taken = { symbol, account, strategy, interval, size, leverage, mode };
    expect(
      configurationSchema.safeParse({ ...taken, params: JSON.parse(params) }).error,
    ).toBeUndefined();
  });
});
