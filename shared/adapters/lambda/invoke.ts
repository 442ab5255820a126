/** Starts another Lambda function without waiting for what comes of it. */
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';

export interface FunctionInvoker {
  /** Resolves once AWS has queued the invocation; it may then happen more than once. */
  invokeLater(functionName: string, payload: object): Promise<void>;
}

const TIMEOUT_MS = 3_000;

export function createFunctionInvoker(): FunctionInvoker {
  const client = new LambdaClient({
    requestHandler: { connectionTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS },
  });
  return {
    async invokeLater(functionName, payload) {
      await client.send(
        new InvokeCommand({
          FunctionName: functionName,
          InvocationType: 'Event',
          Payload: JSON.stringify(payload),
        }),
      );
    },
  };
}
