import { connect as connectSocket } from 'node:net';
import { Duplex } from 'node:stream';
import { AgentError } from '@ostler/agent-contract/errors';
import { connect } from '@ostler/libvirt/connection';
import { openConsole } from '@ostler/libvirt/flags';
import type { Stream } from '@ostler/libvirt/stream';
import type { DomainRef } from '@ostler/libvirt/wire-types';
import type { KnownRun } from '../hypervisor/runs.ts';

const patience = 10_000;

/** QEMU's VNC server, on a socket or port of this host alone. */
export async function openVnc({ facts, name }: KnownRun): Promise<Duplex> {
  const vnc = facts.graphics.find(({ type }) => type === 'vnc');
  const where =
    vnc?.socket !== undefined ? { path: vnc.socket } : vnc?.port !== undefined ? { host: '127.0.0.1', port: vnc.port } : undefined;
  if (!where) throw new AgentError('not_supported', `VM ${name} has no VNC console`);
  const socket = connectSocket(where);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => socket.destroy(new Error('QEMU does not answer')), patience);
    socket.once('error', reject);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', reject);
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

/**
 * The serial console, over a libvirt connection of its own: a client that does not read may hold that one up, and no other.
 * There is one reader at a time; who comes later takes the console over.
 */
export async function openSerial(socketPath: string, uri: string, dom: DomainRef): Promise<Duplex> {
  const libvirt = await connect({ socketPath }, { uri, keepalive: false, connectDeadline: patience });
  try {
    const { stream } = await libvirt.openStream(
      'domainOpenConsole',
      { dom, flags: openConsole.force },
      { whenFull: 'pause', maxUnread: 1024 * 1024, deadline: patience },
    );
    return duplexOf(stream, () => libvirt.close());
  } catch (error) {
    await libvirt.close();
    throw error;
  }
}

function duplexOf(stream: Stream, close: () => Promise<void>): Duplex {
  const reader = stream[Symbol.asyncIterator]();
  return new Duplex({
    read() {
      reader.next().then(
        ({ done, value }) => void this.push(done ? null : value),
        (error: unknown) => this.destroy(error instanceof Error ? error : new Error(String(error))),
      );
    },
    write(chunk: Buffer, _encoding, done) {
      stream.write(chunk).then(() => done(), done);
    },
    final(done) {
      done();
    },
    destroy(error, done) {
      void stream
        .abort()
        .then(close)
        .then(
          () => done(error),
          () => done(error),
        );
    },
  });
}
