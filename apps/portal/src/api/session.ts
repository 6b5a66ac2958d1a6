import { store } from '../store.ts';

interface Session {
  readonly token: string;
  readonly userId: string;
  readonly userName: string;
}

/** `ended`: there was one, and the manager no longer knows it. What was on the screen stays until somebody logs in again. */
export type SessionState =
  | { readonly kind: 'unknown' | 'none' }
  | { readonly kind: 'open'; readonly session: Session }
  | { readonly kind: 'ended'; readonly session: Session };

/** The token is nowhere else: what survives a reload is a cookie that no script can read. */
export const sessionState = store<SessionState>({ kind: 'unknown' });

/** A login was refused. The message is the manager's sentence. */
export class LoginRefused extends Error {}

const base = '/ovirt-engine/sso/portal';

async function ask(what: 'login' | 'token' | 'logout', form: Record<string, string> = {}): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${base}/${what}`, {
    method: 'POST',
    headers: { 'ostler-portal': 'true', accept: 'application/json' },
    body: new URLSearchParams(form),
    credentials: 'same-origin',
    signal: AbortSignal.timeout(30_000),
  });
  const body: unknown = await answer.json().catch(() => undefined);
  return { status: answer.status, body };
}

const textAt = (body: unknown, name: string): string | undefined => {
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  return typeof value === 'string' ? value : undefined;
};

function opened(body: unknown): boolean {
  const [token, userId, userName] = ['access_token', 'user_id', 'user_name'].map((name) => textAt(body, name));
  if (token === undefined || userId === undefined || userName === undefined) return false;
  sessionState.set({ kind: 'open', session: { token, userId, userName } });
  return true;
}

export async function logIn(username: string, password: string): Promise<void> {
  const { body } = await ask('login', { username, password });
  if (!opened(body)) throw new LoginRefused(textAt(body, 'error_description') ?? textAt(body, 'error') ?? '');
}

/** After a reload: the cookie, if there is one, gives the token again. */
export async function resumeSession(): Promise<void> {
  const { body } = await ask('token').catch(() => ({ body: undefined }));
  if (!opened(body)) sessionState.set({ kind: 'none' });
}

export async function logOut(): Promise<void> {
  await ask('logout').catch(() => undefined);
  sessionState.set({ kind: 'none' });
}

/** The manager refused the token. Whoever opened a new session meanwhile keeps it. */
export function sessionRefused(token: string): void {
  const state = sessionState.get();
  if (state.kind === 'open' && state.session.token === token) sessionState.set({ kind: 'ended', session: state.session });
}

export const currentToken = (): string => {
  const state = sessionState.get();
  return 'session' in state ? state.session.token : '';
};
