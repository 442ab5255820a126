/** A function URL on loopback: HTTP in, the event AWS makes of it to the handler, its answer out. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LambdaFunctionURLEvent } from 'aws-lambda';

export type FunctionUrlHandler = (
  event: LambdaFunctionURLEvent,
) => Promise<{ readonly statusCode: number; readonly body?: string }>;

export interface LambdaHost {
  readonly url: string;
  stop(): Promise<void>;
}

export async function startLambdaHost(handler: FunctionUrlHandler): Promise<LambdaHost> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { statusCode, body } = await handler(eventOf(request, Buffer.concat(chunks)));
    response.writeHead(statusCode).end(body ?? '');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Payload version 2.0: names of headers in small letters, repeated ones joined; text as it is, all else in base64. */
export function eventOf(request: IncomingMessage, body: Buffer): LambdaFunctionURLEvent {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(',')]),
  );
  const isText =
    /^(text\/|application\/(json|xml|javascript))/.test(headers['content-type'] ?? '') &&
    headers['content-encoding'] === undefined;
  const path = request.url ?? '/';
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers,
    requestContext: {
      accountId: 'anonymous',
      apiId: 'loopback',
      domainName: 'loopback.lambda-url.local',
      domainPrefix: 'loopback',
      http: {
        method: request.method ?? '',
        path,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: 'loopback',
      routeKey: '$default',
      stage: '$default',
      time: '',
      timeEpoch: 0,
    },
    isBase64Encoded: !isText,
    ...(body.length > 0 ? { body: body.toString(isText ? 'utf8' : 'base64') } : {}),
  };
}
