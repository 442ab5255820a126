/** What AWS did not do, in one line: never the request, which is signed and may hold a secret. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
}

const CREDENTIALS: ReadonlySet<string> = new Set([
  'CredentialsProviderError',
  'ExpiredTokenException',
  'ExpiredToken',
  'InvalidClientTokenId',
  'UnrecognizedClientException',
]);

/** Throws AwsError, which begins with what was being done. */
export async function asked<T>(doing: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AwsError) throw error;
    const { name, message } = error as Error;
    const advice = CREDENTIALS.has(name)
      ? '; log in to the account, or name its profile in AWS_PROFILE'
      : '';
    throw new AwsError(`cannot ${doing} (${name}: ${message})${advice}`);
  }
}
