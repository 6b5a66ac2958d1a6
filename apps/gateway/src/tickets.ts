import { importSPKI, jwtVerify } from 'jose';

export type Audience = 'images' | 'consoles';

/** Where a ticket leads: which host, and under which id the host knows the ticket. */
export interface Destination {
  readonly ticket: string;
  /** A DNS name in the certificate of the host. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

/** The ticket of the path, or undefined for one that is not ours, is over, or is for something else. */
export type TicketCheck = (token: string, audience: Audience) => Promise<Destination | undefined>;

/**
 * Tickets are compact JWS signed with Ed25519 by the api. Anyone may hold one, so nothing of it counts before its
 * signature does. Single use, renewal and revocation are the host's business: it knows what was pushed to it.
 *
 * `now` in milliseconds since the epoch.
 */
export async function ticketCheck(publicKeyPem: string, now: () => number): Promise<TicketCheck> {
  const key = await importSPKI(publicKeyPem, 'EdDSA');
  return async (token, audience) => {
    try {
      const { payload } = await jwtVerify(token, key, {
        algorithms: ['EdDSA'],
        audience,
        requiredClaims: ['exp', 'jti'],
        currentDate: new Date(now()),
      });
      return destinationOf(payload);
    } catch {
      return undefined;
    }
  };
}

/** The claims become part of a URL and of a connection, so they must look like what they are, though we signed them. */
function destinationOf(claims: Readonly<Record<string, unknown>>): Destination | undefined {
  const { jti, host, address, port } = claims;
  if (typeof jti !== 'string' || !/^[A-Za-z0-9_-]{1,128}$/.test(jti)) return undefined;
  if (typeof host !== 'string' || !/^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(host)) return undefined;
  if (typeof address !== 'string' || !/^[A-Za-z0-9.:-]{1,253}$/.test(address)) return undefined;
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65535) return undefined;
  return { ticket: jti, host, address, port };
}
