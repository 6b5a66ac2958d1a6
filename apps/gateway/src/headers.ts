import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** They describe one connection and must not reach the next (RFC 9110, 7.6.1). Framing is made anew, see `framing`. */
const hopByHop = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What clients may claim about where a request comes from; only a gateway says it. */
const claimed = /^(?:expect|forwarded|via|x-real-ip|x-forwarded-.*)$/;

/** Headers for the next hop: without what belongs to this connection, with who the client is. */
export function forwardedHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  return {
    ...passedOn(request.headers, (name) => !claimed.test(name)),
    ...framing(request),
    'x-forwarded-for': request.socket.remoteAddress ?? 'unknown',
    'x-forwarded-proto': 'https',
    ...(request.headers.host !== undefined && { 'x-forwarded-host': request.headers.host }),
  };
}

/** Headers of an answer for our client. */
export function answerHeaders(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const length = headers['transfer-encoding'] === undefined ? headers['content-length'] : undefined;
  return { ...passedOn(headers, () => true), ...(length !== undefined && { 'content-length': length }) };
}

function passedOn(headers: IncomingHttpHeaders, wanted: (name: string) => boolean): OutgoingHttpHeaders {
  const named = new Set((headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase()));
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name) && !named.has(name) && wanted(name)));
}

/** Whether the client says that a body follows. */
export const announcesBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';

/** Whether there is a body to pass on. That of a GET has no meaning, and some clients announce one and never send it. */
export const hasBody = (request: IncomingMessage): boolean =>
  announcesBody(request) && request.method !== 'GET' && request.method !== 'HEAD';

/** Said explicitly: node:http does not frame the body of a DELETE by itself, and the next hop would take it for the next request. */
function framing(request: IncomingMessage): OutgoingHttpHeaders {
  if (!hasBody(request)) return {};
  const length = request.headers['content-length'];
  return length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': length };
}

/** For every answer. The api's own answers may say more, not less. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};

/** For answers that are not image data: those show nothing and are framed by nobody. */
export const closedContent = "default-src 'none'; frame-ancestors 'none'";
