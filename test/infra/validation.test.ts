/** Goal: CloudFormation would take every template. Method: CDK's own rules, as errors; they take seconds. */
import { CfnTable } from 'aws-cdk-lib/aws-dynamodb';
import { describe, expect, it } from 'vitest';
import { build } from './synthesized.ts';

// Paper has nothing that live has not.
const choices = [
  { mode: 'live', egress: 'fck-nat', emergencyFlatten: 'true' },
  { mode: 'live', egress: 'nat-gateway' },
];

describe("CDK's validation of the templates", { timeout: 180_000 }, () => {
  it.each(choices)('finds nothing in %o', (context) => {
    expect(() => build({ context, isValidating: true }).app.synth()).not.toThrow();
  });

  it('finds a planted fault', () => {
    for (const isValidating of [false, true]) {
      const { app, stacks } = build({ isValidating });
      // No attribute definitions, and a mode of billing there is not; cdk-nag does not mind.
      new CfnTable(stacks.research, 'Planted', {
        keySchema: [{ attributeName: 'pk', keyType: 'HASH' }],
        billingMode: 'PAY_BY_MOOD',
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      });
      const synth = expect(() => app.synth());
      isValidating ? synth.toThrow() : synth.not.toThrow();
    }
  });
});

describe('cdk-nag', () => {
  it('finds a planted fault', () => {
    const { app, stacks } = build();
    new CfnTable(stacks.research, 'Planted', {
      keySchema: [{ attributeName: 'pk', keyType: 'HASH' }],
      attributeDefinitions: [{ attributeName: 'pk', attributeType: 'S' }],
      billingMode: 'PAY_PER_REQUEST',
    });
    expect(() => app.synth()).toThrow();
  });
});
