import { newClient, type Client, type Fetch } from '@ostler/contract/client-core';
import type { DescribedCall } from './curl.ts';
import { currentToken, sessionRefused } from './session.ts';

const url = `${location.origin}/ovirt-engine/api`;

const send: Fetch = async (target, init) => {
  const token = currentToken();
  // Without cookies: the token is what counts, and a refusal does not make the browser ask for a password by itself.
  const answer = await fetch(target, { ...init, credentials: 'omit' });
  if (answer.status === 401) sessionRefused(token);
  return answer;
};

export const api: Client = newClient({ url, login: { token: currentToken }, fetch: send });

class NotSent extends Error {}

/** What the client would send for a call: the very request, written down instead of sent. */
export async function describeCall(call: (client: Client) => Promise<unknown>): Promise<DescribedCall | undefined> {
  let described: DescribedCall | undefined;
  const client = newClient({
    url,
    login: { token: '' },
    fetch: async (target, { method, body }) => {
      described ??= { method, url: target, body };
      throw new NotSent();
    },
  });
  await call(client).catch(() => undefined);
  return described;
}
