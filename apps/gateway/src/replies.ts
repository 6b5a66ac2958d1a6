import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { announcesBody, closedContent } from './headers.ts';

/** An answer of the gateway itself. */
export function reply(response: ServerResponse, status: number, type: string, body: string): void {
  const bytes = Buffer.from(body);
  if (stillSending(response.req)) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': `${type}; charset=UTF-8`, 'content-length': bytes.length });
  if (response.req.method !== 'HEAD') response.write(bytes);
  end(response);
}

/** A fault of the API, in the format that the client asked for. The api's login answers in OAuth's words. */
export function replyFault(response: ServerResponse, status: number, reason: string, detail: string): void {
  const { url = '', headers } = response.req;
  const accepts = headers.accept ?? '';
  response.setHeader('content-security-policy', closedContent);
  if (status === 503) response.setHeader('retry-after', '2');
  if (url.startsWith('/ovirt-engine/sso/'))
    return reply(response, status, 'application/json', JSON.stringify({ error_code: 'server_error', error: detail }));
  if (accepts.includes('json') && !accepts.includes('xml'))
    return reply(response, status, 'application/json', JSON.stringify({ reason, detail: `[${detail}]` }));
  const xml = `<fault><reason>${reason}</reason><detail>[${detail}]</detail></fault>`;
  reply(response, status, 'application/xml', `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n${xml}\n`);
}

/** Image servers refuse with a line of text, so their clients read that. */
export function replyText(response: ServerResponse, status: number, text: string): void {
  response.setHeader('access-control-allow-origin', '*');
  reply(response, status, 'text/plain', `${text}\n`);
}

/** Passes on an answer as it comes. When it breaks off, so does ours: a client must not take a part for the whole. */
export function passAnswer(answer: IncomingMessage, response: ServerResponse, headers: OutgoingHttpHeaders): void {
  if (stillSending(response.req)) response.setHeader('connection', 'close');
  response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers);
  response.flushHeaders(); // the first word of a change stream may take a while
  answer.on('error', () => undefined);
  answer.once('close', () => !answer.complete && response.destroy());
  answer.once('end', () => answer.complete && end(response));
  answer.pipe(response, { end: false });
}

/** Milliseconds that a client is listened to that still sends after it was answered. */
const linger = 2_000;

const stillSending = (request: IncomingMessage): boolean => !request.complete && announcesBody(request);

/**
 * Ends an answer. To a client that is still sending it would not come through: closing then resets the connection. So
 * what it sends is thrown away for a moment first.
 */
function end(response: ServerResponse): void {
  const { req: request } = response;
  if (!stillSending(request) || request.method === 'GET' || request.method === 'HEAD') return void response.end();
  const heard = () => {
    clearTimeout(timer);
    response.end();
  };
  const timer = setTimeout(heard, linger);
  request.unpipe();
  request.once('end', heard).once('close', heard).resume();
}
