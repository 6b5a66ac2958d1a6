import { Agent } from 'node:https';
import { X509Certificate } from 'node:crypto';
import type { Socket } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import type { Destination } from './tickets.ts';

/** PEM: the authority of the hosts' certificates, and what we show hosts. */
export interface HostTls {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** How to reach a ticket's host, and only that one: the ticket names the host, its certificate must name it too. */
export function pinnedTo({ host, address, port }: Destination) {
  return {
    host: address,
    port,
    servername: host,
    // Not the default check: that one falls back to the common name, and takes wildcards.
    checkServerIdentity: (_name: string, certificate: PeerCertificate): Error | undefined =>
      new X509Certificate(certificate.raw).checkHost(host, { subject: 'never', wildcards: false }) === undefined
        ? new Error(`The certificate at ${address}:${port} is not that of host ${host}.`)
        : undefined,
  };
}

/**
 * One kept connection to a host for each connection of a client: the host sees as many connections as there are, with
 * their beginnings and ends, and what goes wrong on one harms no other client.
 */
export function hostConnections(tls: HostTls): (client: Socket) => Agent {
  const agents = new WeakMap<Socket, Agent>();
  return (client) => {
    const known = agents.get(client);
    if (known) return known;
    const agent = new Agent({ ...tls, minVersion: 'TLSv1.2', keepAlive: true, maxSockets: 1, maxFreeSockets: 1, timeout: 60_000 });
    agents.set(client, agent);
    client.once('close', () => agent.destroy());
    return agent;
  };
}
