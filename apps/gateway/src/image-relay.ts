import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as send, type Agent } from 'node:https';
import type { Socket } from 'node:net';
import { answerHeaders, forwardedHeaders, hasBody } from './headers.ts';
import { pinnedTo } from './host-connections.ts';
import { passAnswer, replyText } from './replies.ts';
import type { Destination } from './tickets.ts';

export interface ImageRelayOptions {
  readonly agentFor: (client: Socket) => Agent;
  /** Milliseconds of silence after which a request is given up. Zeroing a large range is silent for a while. */
  readonly idle: number;
  readonly failed: (problem: { host: string; message: string }) => void;
}

export type ImageRelay = (request: IncomingMessage, response: ServerResponse, destination: Destination, rest: string) => void;

/**
 * Passes a request for image data to the host that has the image, and the bytes as they come: never more of them in
 * memory than the buffers of two sockets. Refusals are the host's own, in the words that transfer clients know.
 */
export function imageRelay({ agentFor, idle, failed }: ImageRelayOptions): ImageRelay {
  return (request, response, destination, rest) => {
    const continues = /^100-continue$/i.test(request.headers.expect ?? '') && hasBody(request);
    const upstream = send({
      ...pinnedTo(destination),
      agent: agentFor(request.socket),
      method: request.method,
      path: `/images/${destination.ticket}${rest}`,
      headers: { ...forwardedHeaders(request), ...(continues && { expect: '100-continue' }) },
    });
    request.socket.setTimeout(idle);

    upstream.on('error', (error) => {
      if (response.destroyed) return;
      failed({ host: destination.host, message: error.message });
      if (response.headersSent) response.destroy();
      else replyText(response, 502, 'The host that has this image cannot be reached. Try again.');
    });
    upstream.once('response', (answer) => passAnswer(answer, response, answerHeaders(answer.headers)));
    response.once('close', () => {
      if (!response.writableFinished) upstream.destroy();
    });
    if (!hasBody(request)) return void upstream.end();
    // The host decides whether it wants the body; so an upload that it refuses is not sent in vain.
    if (!continues) return void request.pipe(upstream);
    upstream.once('continue', () => {
      response.writeContinue();
      request.pipe(upstream);
    });
    upstream.flushHeaders();
  };
}
