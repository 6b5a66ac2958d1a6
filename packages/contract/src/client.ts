import { Agent, fetch } from 'undici';
import { newClient, type Client, type ClientOptions, type Fetch } from './client-core.ts';

export { ApiFault, ApiUnreachable, type ActionResult, type CallOptions, type Client } from './client-core.ts';

/** A client for Node. `ca` is the manager's CA certificate in PEM; without it the system's authorities count. */
export function client({ url, ca, deadline, ...login }: NodeClientOptions): Client {
  const dispatcher = ca === undefined ? new Agent() : new Agent({ connect: { ca } });
  const send: Fetch = (target, init) => fetch(target, { ...init, dispatcher });
  return newClient({ url, login, fetch: send, ...(deadline !== undefined && { deadline }) });
}

export type NodeClientOptions = ClientOptions['login'] & {
  readonly url: string;
  readonly ca?: string;
  /** Milliseconds after which a request is given up; a minute if not said. */
  readonly deadline?: number;
};
