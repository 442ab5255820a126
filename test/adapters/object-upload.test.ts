/** Goal: a file arrives in the bucket as it is, by a signed request; a failure is one typed error. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createObjectUpload, UploadError } from '../../shared/adapters/s3/object-upload.ts';
import { type LoopbackServer, startLoopbackServer } from '../support/loopback-server.ts';

let directory: string;
let server: LoopbackServer;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'plimsoll-test-'));
});
afterEach(async () => {
  rmSync(directory, { recursive: true });
  await server.stop();
});

function file(text: string): string {
  const path = join(directory, 'one.journal');
  writeFileSync(path, text);
  return path;
}

it('puts the bytes of the file under the key', async () => {
  server = await startLoopbackServer(() => ({}));
  const bucket = createObjectUpload({ bucket: 'journals', endpoint: server.url });
  const text = 'line é\n'.repeat(50_000);
  await bucket.upload('local/one.journal', file(text));
  bucket.close();
  const [request] = server.asked;
  expect(request?.method).toBe('PUT');
  expect(request?.path).toMatch(/^\/journals\/local\/one\.journal(\?|$)/);
  expect(request?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 .*\/s3\//);
  expect(unchunked(request?.body ?? '', request?.headers['content-encoding'])).toBe(text);
});

it('tells a bucket that refuses and a file that is not there', async () => {
  server = await startLoopbackServer(() => ({
    status: 403,
    body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>',
  }));
  const bucket = createObjectUpload({ bucket: 'journals', endpoint: server.url });
  const refused = await bucket.upload('k', file('x')).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(UploadError);
  expect((refused as Error).message).toContain('did not get to s3://journals/k (AccessDenied: no)');
  await expect(bucket.upload('k', join(directory, 'absent'))).rejects.toThrow(UploadError);
  bucket.close();
});

/** The body without the chunk sizes and the checksum that S3's own framing puts around it. */
function unchunked(body: string, encoding: string | undefined): string {
  if (encoding !== 'aws-chunked') return body;
  const bytes = Buffer.from(body);
  const pieces: Buffer[] = [];
  for (let at = 0; ; ) {
    const end = bytes.indexOf('\r\n', at);
    const size = Number.parseInt(bytes.toString('latin1', at, end), 16);
    if (size === 0) return Buffer.concat(pieces).toString();
    pieces.push(bytes.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}
