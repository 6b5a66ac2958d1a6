import { OutgoingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { type Backend, BLOCK_SIZE } from './backend.ts';
import { sendRange } from './send.ts';

const zeros: Pick<Backend, 'read'> = { read: async (_offset, into) => void into.fill(0) };

/** Of a socket that is always full. */
function fullMessage() {
  const written: number[] = [];
  const message = new OutgoingMessage();
  message.write = (chunk: Buffer) => {
    written.push(chunk.length);
    return false;
  };
  return { message, written };
}

async function sending(message: OutgoingMessage, end: number): Promise<void> {
  const supervision = { revoked: new AbortController().signal, advance: () => undefined };
  await sendRange(message, { ...unused, ...zeros }, { start: 0, end }, supervision, { waitsForClient: false });
}

const refuse = () => Promise.reject(new Error('not expected'));
const unused: Backend = {
  size: 0,
  hasDirty: false,
  broken: false,
  read: refuse,
  write: refuse,
  zero: refuse,
  flush: refuse,
  extents: async function* () {},
  close: refuse,
};

test('the end of a range does not wait for the socket: when the other side has answered by then, Node tells of no drain', async () => {
  const { message, written } = fullMessage();
  await sending(message, 1000);
  expect(written).toEqual([1000]);
});

test('what follows waits until the socket has drained', async () => {
  const { message, written } = fullMessage();
  const sent = sending(message, BLOCK_SIZE + 1000);
  await new Promise((resolve) => setImmediate(resolve));
  expect(written).toEqual([BLOCK_SIZE]);
  message.emit('drain');
  await sent;
  expect(written).toEqual([BLOCK_SIZE, 1000]);
});
