/** What one WebSocket may be connected to. */
export interface ConsoleGrant {
  readonly vm: string;
  readonly run: string;
  readonly console: 'vnc' | 'spice' | 'serial';
}

/** Tickets for the console relay: each is pushed by the manager, lets one client in, once, and expires. */
export interface ConsoleTickets {
  push(ticket: string, grant: ConsoleGrant, validFor: number): void;
  /** The grant of a ticket that is valid now; it is not valid any more. */
  redeem(ticket: string): ConsoleGrant | undefined;
}

export function consoleTickets(now: () => number): ConsoleTickets {
  const pushed = new Map<string, { grant: ConsoleGrant; expires: number }>();
  return {
    push(ticket, grant, validFor) {
      for (const [known, { expires }] of pushed) if (expires <= now()) pushed.delete(known);
      pushed.set(ticket, { grant, expires: now() + validFor });
    },
    redeem(ticket) {
      const found = pushed.get(ticket);
      pushed.delete(ticket);
      return found && found.expires > now() ? found.grant : undefined;
    },
  };
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * The ticket's id in what a client shows: the id itself, or a signed token that carries it as `jti`. The signature is the
 * gateway's to check. Here the id is the secret: only ids that the manager has pushed to this host open anything.
 */
export function ticketIn(token: string): string | undefined {
  if (uuid.test(token)) return token;
  const [, payload, signature, ...more] = token.split('.');
  if (payload === undefined || signature === undefined || more.length > 0) return undefined;
  try {
    const claims: { jti?: unknown } | null = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    return typeof claims?.jti === 'string' && uuid.test(claims.jti) ? claims.jti : undefined;
  } catch {
    return undefined;
  }
}
