import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';

/** Bodies are read as text, whatever they claim to be: clients are careless with content types, and the codecs look for themselves. */
export function httpServer(log: FastifyBaseLogger): FastifyInstance {
  const server = Fastify({
    loggerInstance: log,
    // Request lines would hold searches, which may name what only their writer may see; the mount logs what matters.
    disableRequestLogging: true,
    bodyLimit: 8 * 1024 * 1024,
    trustProxy: true,
    routerOptions: { maxParamLength: 4096, ignoreTrailingSlash: false },
    requestTimeout: 60_000,
    keepAliveTimeout: 65_000,
    return503OnClosing: true,
  });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(String(body)))),
  );
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  server.setErrorHandler((error: { statusCode?: number; message: string }, request, reply) => {
    const status = error.statusCode ?? 500;
    if (status >= 500) request.log.error({ problem: error.message }, 'a request failed');
    const detail =
      status === 413 ? 'The request is larger than 8 MiB.' : status >= 500 ? 'Internal error.' : 'The request could not be read.';
    return reply
      .code(status)
      .type('application/xml; charset=UTF-8')
      .send(
        `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<fault><reason>Operation Failed</reason><detail>[${detail}]</detail></fault>`,
      );
  });
  // Not a fault: go-ovirt tells by it that a base path is no engine's.
  server.setNotFoundHandler((_request, reply) =>
    reply
      .code(404)
      .type('text/html; charset=UTF-8')
      .send('<!doctype html><title>Not found</title><p>There is nothing here. The API is at /ovirt-engine/api.</p>'),
  );
  return server;
}
