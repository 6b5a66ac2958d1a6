/**
 * Has an accepted socket read into buffers of ours. Node offers that (`onread`) for sockets that connect, not for those that a server accepts,
 * where each 16 KiB of TLS become a buffer of their own: allocating, copying and collecting them costs an image server more than the
 * decryption, nearly two thirds of its time.
 *
 * What Node does for a connecting socket is done here for an accepted one: three properties are set, whose keys are found by their values on
 * a socket that was made with the option, and the handle is told. A Node that keeps them elsewhere makes it false, and buffers are copied.
 */
import { Socket } from 'node:net';

export type Onread = {
  /** Where the next bytes belong; never empty. */
  buffer(): Buffer;
  /** They are there. False reads no more until the socket is resumed; what TLS has decrypted already comes all the same. */
  callback(count: number): boolean;
};

/** Call it when the socket is handed out by its server, before anything was read. True when no byte is copied on the way. */
export function readInto(socket: Socket, onread: Onread): boolean {
  if (readDirectly(socket, onread)) return true;
  socket.on('data', (chunk: Buffer) => {
    let more = true;
    for (let taken = 0; taken < chunk.length;) {
      const count = chunk.copy(onread.buffer(), 0, taken);
      taken += count;
      more = onread.callback(count);
    }
    if (!more) socket.pause();
  });
  return false;
}

function readDirectly(socket: Socket, onread: Onread): boolean {
  const handle: unknown = Reflect.get(socket, '_handle');
  const use: unknown = typeof handle === 'object' && handle !== null ? Reflect.get(handle, 'useUserBuffer') : undefined;
  if (!keys || typeof use !== 'function') return false;
  const first = onread.buffer();
  Object.assign(socket, { [keys.buffer]: first, [keys.generator]: () => onread.buffer(), [keys.callback]: onread.callback });
  Reflect.apply(use, handle, [first]);
  return true;
}

type Keys = { readonly buffer: symbol; readonly generator: symbol; readonly callback: symbol };

const keys = ((): Keys | undefined => {
  const fixed = Buffer.alloc(1);
  const generate = () => fixed;
  const callback = () => true;
  const [one, other] = [fixed, generate].map((buffer) => new Socket({ onread: { buffer, callback } }));
  const keyOf = (socket: Socket | undefined, value: unknown) =>
    socket && Object.getOwnPropertySymbols(socket).find((key) => Reflect.get(socket, key) === value);
  const found = { buffer: keyOf(one, fixed), generator: keyOf(other, generate), callback: keyOf(one, callback) };
  const { buffer, generator } = found;
  return buffer && generator && found.callback ? { buffer, generator, callback: found.callback } : undefined;
})();
