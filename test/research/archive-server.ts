/** A public archive on loopback: zips with check sums, ranges, and the ways a network goes wrong. */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What goes wrong with the next answers for one path; each is used up by one request. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number }
  /** Sends so many bytes of the body, then nothing more, until `hangUp` cuts the connection. */
  | { readonly kind: 'silent'; readonly afterBytes: number }
  /** Flips a bit of the body. */
  | { readonly kind: 'corrupt' }
  /** Sends all, whatever range was asked for. */
  | { readonly kind: 'ignoreRange' };

export interface ArchiveServer {
  readonly url: string;
  /** "path" or "path range" of each request for a body, in order. */
  readonly requests: string[];
  put(path: string, body: Uint8Array, checksum?: string): void;
  fail(path: string, ...faults: Fault[]): void;
  /** Cuts the connections whose answers are held back. */
  hangUp(): void;
  close(): Promise<void>;
}

export async function startArchive(): Promise<ArchiveServer> {
  const files = new Map<string, Uint8Array>();
  const faults = new Map<string, Fault[]>();
  const requests: string[] = [];
  const held = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    const path = (request.url ?? '').slice(1);
    const body = files.get(path);
    const fault = faults.get(path)?.shift();
    if (!path.endsWith('.CHECKSUM')) {
      requests.push([path.split('/').at(-1), request.headers.range].filter(Boolean).join(' '));
    }
    if (fault?.kind === 'status') response.writeHead(fault.status).end();
    else if (!body) response.writeHead(404).end('no such key');
    else {
      if (fault?.kind === 'silent') held.add(response);
      answer(request, response, body, fault);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    put(path, body, checksum = createHash('sha256').update(body).digest('hex')) {
      files.set(path, body);
      const name = path.split('/').at(-1);
      files.set(`${path}.CHECKSUM`, new TextEncoder().encode(`${checksum}  ${name}\n`));
    },
    fail: (path, ...more) => void faults.set(path, more),
    hangUp() {
      for (const response of held) response.destroy();
      held.clear();
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(
  { headers }: IncomingMessage,
  response: ServerResponse,
  body: Uint8Array,
  fault: Fault | undefined,
): void {
  const start =
    fault?.kind === 'ignoreRange'
      ? 0
      : Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  if (start >= body.length) {
    response.writeHead(416).end();
    return;
  }
  const rest = Uint8Array.from(body.subarray(start));
  if (fault?.kind === 'corrupt') rest[rest.length >> 1]! ^= 0x40;
  const range = { 'content-range': `bytes ${start}-${body.length - 1}/${body.length}` };
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': rest.length,
    ...(start > 0 && range),
  });
  if (fault?.kind === 'silent') response.write(rest.subarray(0, fault.afterBytes));
  else response.end(rest);
}
