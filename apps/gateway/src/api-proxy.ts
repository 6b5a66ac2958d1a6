import { request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { answerHeaders, closedContent, forwardedHeaders, hasBody } from './headers.ts';
import { passAnswer, replyFault } from './replies.ts';

export interface ApiProxyOptions {
  readonly socketPath: string;
  /** Milliseconds until the client must have sent its request and the api begun its answer. */
  readonly deadline: number;
}

/**
 * Passes requests to the api. Each gets a connection of its own: on a unix socket that costs less than what would be
 * needed to tell a kept connection that the api just closed from a request that it has begun to carry out.
 */
export function apiProxy({ socketPath, deadline }: ApiProxyOptions): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const upstream = send({
      socketPath,
      agent: false,
      method: request.method,
      path: request.url,
      headers: { ...forwardedHeaders(request), ...expectation(request), connection: 'close' },
    });
    const refuse = (refusal: Refusal) => {
      clearTimeout(expired);
      upstream.destroy();
      if (response.headersSent) response.destroy();
      else replyFault(response, ...refusal);
    };
    const expired = setTimeout(() => refuse(refusals.late), deadline);
    upstream.on('error', (error) => refuse(reached(error) && !isReading(request) ? refusals.unknown : refusals.away));
    upstream.once('response', (answer) => {
      clearTimeout(expired);
      const headers = answerHeaders(answer.headers);
      headers['content-security-policy'] ??= closedContent;
      // A change stream says nothing as long as nothing changes.
      if (answer.headers['content-type']?.startsWith('text/event-stream')) response.socket?.setTimeout(0);
      passAnswer(answer, response, headers);
    });
    response.once('close', () => {
      clearTimeout(expired);
      upstream.destroy();
    });
    if (hasBody(request)) request.pipe(upstream);
    else upstream.end();
  };
}

type Refusal = readonly [status: number, reason: string, detail: string];
const refusals = {
  away: [503, 'Service Unavailable', 'The API is not available right now. Try again in a few seconds.'],
  late: [504, 'Gateway Timeout', 'The request was not answered in time. Look whether it was carried out before you repeat it.'],
  unknown: [502, 'Bad Gateway', 'The API ended before it answered. Look whether the request was carried out before you repeat it.'],
} satisfies Record<string, Refusal>;

const reached = (error: Error): boolean => !('syscall' in error && error.syscall === 'connect');

const isReading = ({ method }: IncomingMessage): boolean => method === 'GET' || method === 'HEAD';

/** RHV's `Expect: 201-created` and `202-accepted` are for the api. `100-continue` is answered by the gateway. */
const expectation = ({ headers: { expect } }: IncomingMessage) =>
  expect !== undefined && !/^100-continue$/i.test(expect) ? { expect } : {};
