/**
 * A loopback exchange that speaks Binance USD-M futures over a simulated market: the composition of
 * the venue, the clock, REST and streams. It holds no trader code, so that it can judge the trader.
 */

import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import type { TimeMs } from '../../shared/core/units.ts';
import { CONTROL_PATH, PARTICIPANT_HEADER } from '../../shared/ports/barrier.ts';
import type { Venue } from '../../shared/simulation/venue.ts';
import { Accounts, ListenKeys } from './accounts.ts';
import { ContractFaults } from './faults/contract-faults.ts';
import { RestFaults } from './faults/rest-faults.ts';
import { StreamFaults } from './faults/stream-faults.ts';
import { Dispatcher } from './http/dispatcher.ts';
import { RestServer } from './http/rest-server.ts';
import { LedgerFile } from './ledger-file.ts';
import { openMarket } from './market.ts';
import { type ExchangeSimulatorOptions, withDefaults } from './options.ts';
import { SOCKET_API_PATH, SocketApi } from './streams/socket-api.ts';
import { StreamHub } from './streams/stream-hub.ts';
import { StreamServer } from './streams/stream-server.ts';
import { Pace } from './time/pace.ts';
import { CONTROL_BYTES_MAX, Participants } from './time/participants.ts';
import { Timeline } from './time/timeline.ts';
import { Wire } from './time/wire.ts';

export { DEMO_ACCOUNT, type ExchangeSimulatorOptions } from './options.ts';

export interface ExchangeSimulator {
  /** e.g. "http://127.0.0.1:40123"; sockets are at the same port. */
  readonly url: string;
  readonly port: number;
  /** Rejects when a recording turns out to be damaged; otherwise stays open. */
  readonly failed: Promise<never>;
  close(): Promise<void>;
}

// Imported, it would load Node's undici for the sake of one name it exports: 60 ms of every start.
const { createServer } = process.getBuiltinModule('node:http');

/** Klines, listen keys and socket ages are looked at this often, in virtual time. */
const TICK_MS = 250;
/** The largest message a client may send on a stream socket. */
const MESSAGE_BYTES_MAX = 64 * 1024;

/**
 * Starts an exchange on loopback. Rejects with a readable error where the port is taken or a
 * recording is damaged (RecordingError with file and line).
 */
export async function startExchangeSimulator(
  options: ExchangeSimulatorOptions = {},
): Promise<ExchangeSimulator> {
  const settings = withDefaults(options);
  const failed = Promise.withResolvers<never>();
  // Whoever wants to know waits for it; nobody has to.
  failed.promise.catch(() => undefined);
  const ledger = settings.statePath === null ? null : new LedgerFile(settings.statePath);
  let hub: StreamHub | null = null;
  let isChanged = false;
  const { venue, supply, startMs } = await openMarket(settings, ledger, failed.reject, {
    publicEvent: (event) => hub?.publish(event),
    userEvent: (accountId, event) => {
      isChanged = true;
      hub?.publishPrivate(accountId, event);
    },
  });
  const keep = () => {
    if (!isChanged) return;
    isChanged = false;
    ledger?.write(venue.instrument.spec.symbol, timeline.nowMs, venue.snapshot());
  };
  const afterStep = () => {
    rest.retryWaiting();
    // Before anybody is told: a fill that was told of must survive.
    keep();
    wire.flush();
  };

  const listenKeys = new ListenKeys();
  const accounts = new Accounts(settings.accounts);
  hub = new StreamHub(venue, listenKeys);
  const { speed, latencyMs, isWall } = settings;
  const participants: Participants = new Participants({
    speed,
    nowMs: () => timeline.nowMs,
    changed: () => timeline.wake(),
  });
  const timeline: Timeline = new Timeline({
    venue,
    participants,
    // A recording has its own dates, and so has an account that is taken up again.
    pace: new Pace({ ...settings, isNow: settings.startsNow && startMs === settings.startMs }),
    supply,
    startMs,
    latencyMs,
    afterStep,
  });
  const outsideLatencyMs = isWall ? latencyMs : 0;
  const wire = new Wire({ timeline, participants, latencyMs, outsideLatencyMs, afterStep });
  const dispatcher = new Dispatcher({ venue, accounts, listenKeys, wire });
  const { faults } = settings;
  const restFaults = faults && new RestFaults(faults);
  const rest = new RestServer({
    venue,
    dispatcher,
    wire,
    about: () => ({
      ...about(venue, timeline.nowMs, settings),
      ...(faults && {
        faults: faults.counts,
        askedTooSoon: restFaults?.askedTooSoon,
      }),
    }),
    faults: restFaults,
  });
  const streamFaults = faults && new StreamFaults(faults, (isTold) => listenKeys.end(isTold));
  const contractFaults = faults && new ContractFaults(faults, venue);
  const streams = new StreamServer(hub, new SocketApi(dispatcher, wire), wire, streamFaults);
  const tick = () => {
    faults?.tick(timeline.nowMs);
    streamFaults?.tick(timeline.nowMs);
    contractFaults?.tick(timeline.nowMs);
    hub.tick(timeline.nowMs);
    streams.tick(timeline.nowMs);
    timeline.inBackground(timeline.nowMs + TICK_MS, tick);
  };

  const server = createServer(rest.handle);
  // Requests may be held for as long as time stands still.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;
  acceptSockets(server, {
    wire,
    participants,
    streams,
    isRefused: () => streamFaults?.isUpgradeRefused() ?? false,
  });
  const port = await listen(server, settings.host, settings.port);
  timeline.inBackground(startMs + TICK_MS, tick);
  return {
    url: `http://${settings.host}:${port}`,
    port,
    failed: failed.promise,
    close: () => {
      timeline.close();
      supply?.stop();
      participants.close();
      streams.close();
      return new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function acceptSockets(
  server: Server,
  to: {
    wire: Wire;
    participants: Participants;
    streams: StreamServer;
    /** Whether the next connection to a stream is refused. */
    isRefused: () => boolean;
  },
): void {
  const control = socketServer(CONTROL_BYTES_MAX);
  const streams = socketServer(MESSAGE_BYTES_MAX);
  server.on('upgrade', (request, socket, head) => {
    // A reset before the upgrade is the client's business.
    socket.on('error', () => socket.destroy());
    const url = URL.parse(request.url ?? '/', 'ws://localhost');
    if (!url) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
    } else if (url.pathname === CONTROL_PATH) {
      control.handleUpgrade(request, socket, head, (ws) => to.participants.accept(ws));
    } else if (StreamServer.serves(url.pathname) && to.isRefused()) {
      socket.end('HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n\r\n');
    } else if (url.pathname === SOCKET_API_PATH || StreamServer.serves(url.pathname)) {
      const caller = to.wire.caller(request.headers[PARTICIPANT_HEADER]);
      streams.handleUpgrade(request, socket, head, (ws: WebSocket) => {
        if (url.pathname === SOCKET_API_PATH) to.streams.acceptApi(ws, caller, url);
        else to.streams.accept(ws, caller, url);
      });
    } else {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
    }
  });
}

function socketServer(maxPayload: number): WebSocketServer {
  // Compression costs far more than loopback saves.
  return new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload,
    // A stream's pong goes over the wire; nobody pings the control socket.
    autoPong: false,
  });
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(isTaken ? new Error(`port ${port} on ${host} is in use`, { cause: error }) : error);
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function about(
  venue: Venue,
  nowMs: TimeMs,
  { isWall, speed }: { isWall: boolean; speed: number | null },
) {
  return {
    name: 'plimsoll exchange simulator',
    version: 1,
    symbol: venue.instrument.spec.symbol,
    market: venue.isRecorded ? 'recording' : 'generated',
    clock: isWall ? 'wall' : 'virtual',
    speed: isWall ? 1 : (speed ?? 'max'),
    serverTime: nowMs,
  };
}
