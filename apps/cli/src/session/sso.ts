import { exitCodes, Problem } from '../problem.ts';
import { ssoUrl } from './address.ts';
import { ask } from './https.ts';

export interface Door {
  readonly url: string;
  readonly ca?: string | undefined;
}

/** A token for a name and a password. Whoever has it is that user until it is revoked. */
export async function fetchToken({ url, ca }: Door, username: string, password: string, signal?: AbortSignal): Promise<string> {
  const { status, text } = await ask({
    url: ssoUrl(url, 'token'),
    method: 'POST',
    form: { grant_type: 'password', scope: 'ovirt-app-api', username, password },
    ca,
    ...(signal && { signal }),
  });
  const answer = fieldsOf(text);
  if (typeof answer?.['access_token'] === 'string') return answer['access_token'];
  const said = answer && [answer['error_description'], answer['error'], answer['detail']].find((one) => typeof one === 'string');
  if (typeof said !== 'string') throw notOstler(url, status);
  throw new Problem(said.replace(/^\[(.*)\]$/s, '$1'), exitCodes.unreachable);
}

/** Ends a session. One that is over already is over. */
export async function revokeToken({ url, ca }: Door, token: string): Promise<void> {
  await ask({ url: ssoUrl(url, 'revoke'), method: 'POST', form: { token, scope: '' }, ca });
}

/** The user whose token it is; undefined once it is over. */
export async function ownerOf({ url, ca }: Door, token: string): Promise<string | undefined> {
  const { status, text } = await ask({ url: ssoUrl(url, 'token-info'), method: 'POST', form: { token, scope: 'ovirt-app-api' }, ca });
  const answer = fieldsOf(text);
  if (status >= 500 || answer === undefined) throw notOstler(url, status);
  return typeof answer['user_id'] === 'string' ? answer['user_id'] : undefined;
}

const notOstler = (url: string, status: number): Problem =>
  new Problem(
    `${new URL(url).host} answers (HTTP status ${status}), but not as an Ostler that can be logged in to.`,
    exitCodes.unreachable,
  );

function fieldsOf(text: string): Record<string, unknown> | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === 'object' && read !== null ? Object.fromEntries(Object.entries(read)) : undefined;
  } catch {
    return undefined;
  }
}
