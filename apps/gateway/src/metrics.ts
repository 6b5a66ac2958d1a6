import { createServer, type Server, type ServerResponse } from 'node:http';
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';

export interface Metrics {
  /** Counts an answer when it is over. */
  answered(route: string, response: ServerResponse): void;
  readonly consoles: { opened(): void; closed(): void };
  /** Prometheus' text format, for whoever may reach the socket that this server listens on. */
  readonly server: Server;
}

export function newMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const answers = new Counter({
    name: 'ostler_gateway_answers_total',
    help: 'Answers to clients by where their request led and the class of the status',
    labelNames: ['route', 'status'],
    registers: [registry],
  });
  const consoles = new Gauge({ name: 'ostler_gateway_consoles', help: 'Consoles that are open', registers: [registry] });
  return {
    answered: (route, response) =>
      void response.once('close', () =>
        answers.inc({ route, status: response.writableFinished ? `${Math.floor(response.statusCode / 100)}xx` : 'broken' }),
      ),
    consoles: { opened: () => consoles.inc(), closed: () => consoles.dec() },
    server: createServer(async (_request, response) =>
      response.setHeader('content-type', registry.contentType).end(await registry.metrics()),
    ),
  };
}
