/** The way to a libvirtd: its unix socket, or TLS with certificates on both sides. */
import { connect as connectNet, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { RpcError } from './errors.ts';

/** `ca`, `cert` and `key` are PEM texts. libvirt's usual TLS port is 16514. */
export type Address =
  { socketPath: string } | { host: string; port: number; tls: { ca: string | Buffer; cert: string | Buffer; key: string | Buffer } };

export const describeAddress = (address: Address) => ('socketPath' in address ? address.socketPath : `${address.host}:${address.port}`);

/** A connected socket, or `RpcError` of kind `unreachable`. `signal` ends the attempt. */
export async function openTransport(address: Address, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = 'socketPath' in address ? connectNet(address.socketPath) : startTls(address);
  const stop = () => socket.destroy(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
  signal.addEventListener('abort', stop, { once: true });
  // A socket may complain once more after its end has been dealt with; without a listener that would end the process.
  socket.on('error', () => undefined);
  try {
    await once(socket, 'socketPath' in address ? 'connect' : 'secureConnect');
    if (!('socketPath' in address)) await readVerdict(socket);
    socket.setNoDelay(true);
    return socket;
  } catch (error) {
    socket.destroy();
    if (signal.aborted) throw signal.reason;
    const why = error instanceof Error ? error.message : String(error);
    throw new RpcError('unreachable', `Cannot reach libvirt at ${describeAddress(address)}: ${why}`, { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function startTls({ host, port, tls }: Extract<Address, { host: string }>): Socket {
  // An IP address may not be sent as a server name; it is compared with the certificate's addresses all the same.
  return connectTls({ host, port, ...tls, ...(isIP(host) === 0 ? { servername: host } : {}), minVersion: 'TLSv1.2' });
}

/** libvirtd says with one byte behind the handshake whether it accepts our certificate; TLS 1.3 on its own would let us find out much later. */
async function readVerdict(socket: Socket): Promise<void> {
  for (;;) {
    const byte: Buffer | null = socket.read(1);
    if (byte?.[0] === 1) return;
    if (byte !== null) throw new Error('libvirtd does not accept our certificate or address');
    await once(socket, 'readable');
  }
}

function once(socket: Socket, event: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: Error) => {
      socket.off(event, arrived).off('error', settle).off('close', closed);
      if (error === undefined) resolve();
      else reject(error);
    };
    const arrived = () => settle();
    const closed = () => settle(new Error('the connection was closed before it was ready; libvirtd may have refused our certificate'));
    socket.on(event, arrived).on('error', settle).on('close', closed);
  });
}
