/** One keep-alive connection of a client to a transfer URL, and another for data that it reads. */
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as TlsAgent, request as httpsRequest } from 'node:https';
import { ImageError, ServerRefusal } from './errors.ts';
import { type LinkOptions, openRangeReader } from './range-reader.ts';

export type Exchange<T> = {
  method: 'OPTIONS' | 'GET' | 'PUT' | 'PATCH';
  /** Behind the transfer URL: `/extents`, `?flush=n`. */
  suffix?: string;
  headers?: Record<string, string | number>;
  /** Writes the body; the end is set by the link. */
  send?: (request: ClientRequest) => Promise<void>;
  /** Reads the answer to its end; only called for 2xx. */
  receive: (response: IncomingMessage) => Promise<T>;
};

export type ImageLink = ReturnType<typeof openLink>;

export function openLink(options: LinkOptions) {
  const { url, ca, unixSocket, idleTimeout, signal } = options;
  const reader = openRangeReader(options);
  const target = new URL(url);
  const secure = target.protocol === 'https:' && unixSocket === undefined;
  const agent = secure
    ? new TlsAgent({ keepAlive: true, maxSockets: 1, ...(ca === undefined ? {} : { ca }) })
    : new Agent({ keepAlive: true, maxSockets: 1 });
  const where: RequestOptions =
    unixSocket === undefined ? { host: target.hostname, port: target.port } : { socketPath: unixSocket, headers: { Host: target.host } };

  function exchange<T>({ method, suffix = '', headers = {}, send, receive }: Exchange<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const details = {
        ...where,
        method,
        path: target.pathname + suffix,
        headers: { ...where.headers, ...headers },
        agent,
        timeout: idleTimeout,
        signal,
      };
      const request = secure ? httpsRequest(details) : httpRequest(details);
      const fail = (error: unknown) => {
        reject(error);
        request.destroy();
      };
      request.on('timeout', () => fail(new Error(`The image server was silent for ${idleTimeout} ms`)));
      request.on('error', fail);
      request.on('response', (response) => {
        answered(response, receive).then(resolve, fail);
      });
      if (send) send(request).then(() => request.end(), fail);
      else request.end();
    });
  }

  return {
    exchange,
    read: reader.read,
    close() {
      agent.destroy();
      reader.close();
    },
  };
}

async function answered<T>(response: IncomingMessage, receive: (response: IncomingMessage) => Promise<T>): Promise<T> {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return receive(response);
  throw new ServerRefusal(status, (await readText(response, 4096)).slice(0, 4096));
}

export async function readText(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > limit) throw new ImageError('server_answer', `The image server's answer is longer than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
