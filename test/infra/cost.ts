/** Goal: what the README says a deployment costs is what its templates cost, and paper stays cheap. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { billOf, totalOf } from '../../infra/cost.ts';
import { withCostTable } from '../../infra/cost-table.ts';
import { PRICES } from '../../infra/prices.ts';

const prices = PRICES['eu-west-1'];
const costOf = (Type: string, Properties: Record<string, unknown> = {}) =>
  totalOf(billOf([{ Type, Properties }], { prices, isFirst: true }));

describe('the cost', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

  it('in the README is current: npm run cost', () => {
    expect(withCostTable(readme)).toBe(readme);
  });

  it('of paper is under 15 USD a month', () => {
    const [, paper] = /^\| \*\*together\*\* +\| +\*\*([\d.]+)\*\* \|/m.exec(readme) ?? [];
    expect(Number(paper)).toBeGreaterThan(0);
    expect(Number(paper)).toBeLessThan(15);
  });

  it('of a quarter of a processor and half a gigabyte is counted by the hour', () => {
    const task = costOf('AWS::ECS::TaskDefinition', { Cpu: '256', Memory: '512' });
    expect(task).toBeCloseTo(730 * (0.25 * 0.03238 + 0.5 * 0.00356) + 0.2 * 0.1, 6);
  });

  it('of an alarm on an expression is by the metrics in it, beyond what is free', () => {
    const Metrics = [{ Expression: 'a + b' }, { MetricStat: {} }, { MetricStat: {} }];
    const alarms = Array.from({ length: 6 }, () => ({
      Type: 'AWS::CloudWatch::Alarm',
      Properties: { Metrics },
    }));
    expect(totalOf(billOf(alarms, { prices, isFirst: true }))).toBeCloseTo(0.2, 6);
  });

  it('of something not known is refused, not taken for nothing', () => {
    expect(() => costOf('AWS::RDS::DBInstance')).toThrow(/AWS::RDS::DBInstance is not known/);
    expect(() => costOf('AWS::EC2::VPCEndpoint', { VpcEndpointType: 'Interface' })).toThrow();
    expect(() => costOf('AWS::Scheduler::Schedule', { ScheduleExpression: 'cron(0)' })).toThrow();
  });
});
