/** Goal: an answer without end does not fill the memory. Method: a server on loopback that never stops. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { createHttpFetch, TransportError } from '../../shared/adapters/ccxt/http-fetch.ts';
import { SystemClock } from '../../shared/adapters/clock/system-clock.ts';

it('an answer longer than any there is is given up', async () => {
  let sent = 0;
  const server = createServer((_, response) => {
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    const write = () => {
      while (!response.destroyed && sent < 200) {
        sent += 1;
        if (!response.write(chunk)) return void response.once('drain', write);
      }
    };
    write();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const http = createHttpFetch({ clock: new SystemClock(), timeoutMs: 15_000 });
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const answer = http.fetch(url, { method: 'GET' });
    await expect(answer).rejects.toThrow(TransportError);
    await expect(answer).rejects.toThrow(/more than \d+ bytes/);
  } finally {
    http.close();
    server.closeAllConnections();
    server.close();
  }
});
