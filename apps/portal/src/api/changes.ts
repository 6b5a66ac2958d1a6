import { currentToken, sessionRefused } from './session.ts';
import { eventReader, type StreamEvent } from './event-stream.ts';
import { store } from '../store.ts';

export interface Change {
  readonly noun: string;
  readonly id: string;
  readonly operation: 'created' | 'changed' | 'removed';
}

/** `lost` is told to people once it has lasted: a connection that is back at once was never gone. */
export const connection = store<{ readonly state: 'connecting' | 'live' | 'lost'; readonly since: number }>({
  state: 'connecting',
  since: 0,
});

/** The server shows life every 15 seconds. */
const silence = 40_000;
const pauses = [250, 500, 1_000, 2_000, 5_000];

export interface ChangeListener {
  changed(change: Change): void;
  /** What came before cannot be told one by one: everything is to be read again. */
  resync(): void;
}

/** Follows the manager's changes until the signal, resuming where it was whenever the connection breaks. */
export async function followChanges(listener: ChangeListener, signal: AbortSignal): Promise<void> {
  let lastSeen: string | undefined;
  let failures = 0;
  while (!signal.aborted) {
    const token = currentToken();
    try {
      await readStream(token, lastSeen, signal, (event) => {
        if (event.id !== undefined) lastSeen = event.id;
        if (event.event === 'hello' || event.event === 'resync') {
          failures = 0;
          connection.set({ state: 'live', since: Date.now() });
        }
        if (event.event === 'resync') listener.resync();
        const change = event.event === 'change' ? readChange(event.data) : undefined;
        if (change) listener.changed(change);
      });
    } catch {
      // Whatever it was, the next attempt tells.
    }
    if (signal.aborted) return;
    if (connection.get().state !== 'lost') connection.set({ state: 'lost', since: Date.now() });
    await pause(pauses[Math.min(failures++, pauses.length - 1)] ?? 5_000, signal);
  }
}

async function readStream(
  token: string,
  lastSeen: string | undefined,
  signal: AbortSignal,
  told: (event: StreamEvent) => void,
): Promise<void> {
  const quiet = new AbortController();
  let watchdog = setTimeout(() => quiet.abort(), silence);
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => quiet.abort(), silence);
  };
  try {
    const answer = await fetch('/ovirt-engine/api/changes', {
      headers: {
        accept: 'text/event-stream',
        authorization: `Bearer ${token}`,
        ...(lastSeen !== undefined && { 'last-event-id': lastSeen }),
      },
      credentials: 'omit',
      cache: 'no-store',
      signal: AbortSignal.any([signal, quiet.signal]),
    });
    if (answer.status === 401) return sessionRefused(token);
    if (!answer.ok || !answer.body) return;
    const read = eventReader();
    const pieces = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      alive();
      for (const event of read(piece.value)) told(event);
    }
  } finally {
    clearTimeout(watchdog);
  }
}

/** Ends early when the browser says that the network is back. */
const pause = (milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener('online', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    window.addEventListener('online', done);
    signal.addEventListener('abort', done);
  });

function readChange(data: string): Change | undefined {
  const read: unknown = JSON.parse(data);
  if (typeof read !== 'object' || read === null || !('noun' in read) || !('id' in read) || !('operation' in read)) return undefined;
  const { noun, id, operation } = read;
  if (typeof noun !== 'string' || typeof id !== 'string') return undefined;
  return operation === 'created' || operation === 'changed' || operation === 'removed' ? { noun, id, operation } : undefined;
}
