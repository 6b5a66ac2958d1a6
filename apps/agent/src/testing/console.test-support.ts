import { once } from 'node:events';
import { until } from '@ostler/libvirt/daemon/poll';
import { WebSocket } from 'ws';

/** A client at a console relay that keeps what it hears. */
export interface ConsoleClient {
  readonly heard: () => string;
  says(text: string): void;
  /** What `find` makes of everything heard so far, once it makes something of it. */
  hears<T>(what: string, find: (heard: string) => T | undefined): Promise<T>;
  leave(): Promise<void>;
  /** Resolves when the relay has taken its leave, or we have. */
  readonly ended: Promise<void>;
}

/** Rejects with `403` and the like where it is not let in. */
export async function enterConsole({ url, ca }: { url: string; ca: string }, ticket: string): Promise<ConsoleClient> {
  const socket = new WebSocket(`${url}${ticket}`, ['binary'], { ca });
  let heard = '';
  socket.on('message', (data: Buffer) => (heard += data.toString('latin1')));
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'open');
  return {
    heard: () => heard,
    says: (text) => socket.send(Buffer.from(text)),
    hears: (what, find) => until(what, () => find(heard), { deadlineMs: 50_000 }),
    async leave() {
      socket.close();
      await ended;
    },
    ended,
  };
}
