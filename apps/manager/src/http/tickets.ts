import { createPrivateKey, sign, type KeyObject } from 'node:crypto';

/** Where a gateway relays to, and which pushed ticket the host will look for. */
export interface TicketClaims {
  readonly jti: string;
  readonly aud: 'images' | 'consoles';
  /** The host's certificate name and its address: `wss://` and `https://` are made to it. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** Seconds since the epoch. The host's own expiry of the ticket is what counts; this bounds what a gateway relays. */
  readonly exp: number;
}

export interface TicketSigner {
  sign(claims: TicketClaims): string;
}

/** Tickets are compact JWS signed with Ed25519: any gateway can check one with the public key, none can make one. */
export function ticketSigner(privateKeyPem: string): TicketSigner {
  const key: KeyObject = createPrivateKey(privateKeyPem);
  const part = (value: object | Buffer) => (Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value))).toString('base64url');
  return {
    sign(claims) {
      const signed = `${part({ alg: 'EdDSA', typ: 'JWT' })}.${part(claims)}`;
      return `${signed}.${part(sign(null, Buffer.from(signed), key))}`;
    },
  };
}
