/** The CDK app: `npx cdk synth`, `npx cdk deploy --all`. What may be chosen is in cdk.json. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { Code } from 'aws-cdk-lib/aws-lambda';
import { createApp, type LambdaName } from './app.ts';
import { bundle } from './bundles.ts';
import { DeploymentError } from './config.ts';
import { OPERATOR_FUNCTIONS } from './operations-stack.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const folderOf = (name: LambdaName) => join(ROOT, 'dist', name);

await Promise.all(
  [...OPERATOR_FUNCTIONS, 'sweep-worker' as const].map((name) => bundle(name, folderOf(name))),
);

try {
  createApp({
    codeOf: (name) => Code.fromAsset(folderOf(name)),
    image: ContainerImage.fromAsset(ROOT, { platform: Platform.LINUX_ARM64 }),
    profile: { account: process.env.CDK_DEFAULT_ACCOUNT, region: process.env.CDK_DEFAULT_REGION },
  }).app.synth();
} catch (error) {
  if (!(error instanceof DeploymentError)) throw error;
  process.stderr.write(`plimsoll: ${error.message}\n`);
  process.exitCode = 2;
}
