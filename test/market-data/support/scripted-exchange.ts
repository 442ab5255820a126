/** A loopback exchange that says exactly what a test tells it to. */
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

export class ScriptedExchange {
  /** Connections in the order they were made, by path ("public" or "market"). */
  readonly sockets: { path: string; url: string; socket: WebSocket }[] = [];
  readonly requests: IncomingMessage[] = [];
  /** Answers a snapshot request; replaced by the test. */
  snapshot: () => { status: number; body: string; headers?: Record<string, string> } = () => ({
    status: 503,
    body: 'not scripted',
  });
  exchangeInfo = '{}';
  readonly #server: Server;
  readonly #streams: WebSocketServer;

  constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push(request);
      const isInfo = request.url?.startsWith('/fapi/v1/exchangeInfo');
      const { status, body, headers } = isInfo
        ? { status: 200, body: this.exchangeInfo, headers: {} }
        : this.snapshot();
      response.writeHead(status, headers).end(body);
    });
    this.#streams = new WebSocketServer({ server: this.#server });
    this.#streams.on('connection', (socket, request) => {
      const url = request.url ?? '';
      this.sockets.push({ path: url.split('/')[1] ?? '', url, socket });
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get restUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get wsUrl(): string {
    return this.restUrl.replace('http', 'ws');
  }

  /** Connections made on a path so far. */
  connections(path: string): WebSocket[] {
    return this.sockets.filter((entry) => entry.path === path).map(({ socket }) => socket);
  }

  /** Sends on the newest connection of a path. */
  send(path: string, frame: Buffer): void {
    this.connections(path).at(-1)?.send(frame.toString('utf8'));
  }

  async close(): Promise<void> {
    for (const { socket } of this.sockets) socket.terminate();
    this.#streams.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}
