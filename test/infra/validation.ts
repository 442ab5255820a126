/**
 * Goal: CloudFormation would take every template, and cdk-nag minds none. Method: all that a deployment can
 * have is synthesized once, with CDK's own rules on, which take seconds to load, and beside it a table that
 * breaks a rule of each: those two are found, and nothing else.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import { expect, it } from 'vitest';
import { NetworkStack } from '../../infra/network-stack.ts';
import { build } from './synthesized.ts';

interface Report {
  readonly pluginReports: readonly {
    readonly pluginName: string;
    readonly violations: readonly {
      readonly violatingConstructs: readonly { readonly constructPath: string }[];
    }[];
  }[];
}

it('finds the planted faults and no other', { timeout: 180_000 }, () => {
  // Paper has nothing that live has not, and the other way out differs in its network alone.
  const { app, settings, stacks } = build({
    context: {
      ...{ mode: 'live', egress: 'fck-nat', emergencyFlatten: 'true' },
      alertEmail: 'someone@example.com',
    },
    isValidating: true,
  });
  new NetworkStack(app, 'nat-gateway', { settings: { ...settings, egress: 'nat-gateway' } });
  const keySchema = [{ attributeName: 'pk', keyType: 'HASH' }];
  // No attribute definitions, and a mode of billing there is not; cdk-nag does not mind.
  new CfnTable(stacks.research, 'Invalid', {
    keySchema,
    billingMode: 'PAY_BY_MOOD',
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
  });
  new CfnTable(stacks.research, 'Unprotected', {
    keySchema,
    attributeDefinitions: [{ attributeName: 'pk', attributeType: 'S' }],
    billingMode: 'PAY_PER_REQUEST',
  });

  expect(() => app.synth()).toThrow();
  const report = readFileSync(join(app.outdir, 'validation-report.json'), 'utf8');
  const { pluginReports } = JSON.parse(report) as Report;
  const found = pluginReports.flatMap(({ pluginName, violations }) =>
    violations.flatMap(({ violatingConstructs }) =>
      violatingConstructs.map(({ constructPath }) => `${pluginName}: ${constructPath}`),
    ),
  );
  expect(new Set(found)).toEqual(
    new Set([
      'CloudFormation Validate: plimsoll-main-research/Invalid',
      'AwsSolutions: plimsoll-main-research/Unprotected',
    ]),
  );
});
