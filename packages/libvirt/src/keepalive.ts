/**
 * libvirt's keepalive program: a ping after `interval` of silence, and the peer is dead when `count` of them in a row brought nothing, not even other traffic.
 * The peer pings us by the same rules; whoever is pinged answers with a pong.
 */
import { encodePacket, programs, protocolVersion } from './packet.ts';
import { nothing } from './xdr-scalars.ts';

/** `interval` in milliseconds. A dead peer is noticed within `interval` × (`count` + 1). */
export type KeepaliveOptions = { interval: number; count: number };

export const defaultKeepalive: KeepaliveOptions = { interval: 5_000, count: 5 };

const ping = 1;
const pong = 2;

export const keepalivePacket = (procedure: typeof ping | typeof pong) =>
  encodePacket(
    { program: programs.keepalive, version: protocolVersion, procedure, type: 'message', serial: 0, status: 'ok' },
    nothing,
    undefined,
  );

export function startKeepalive(
  options: KeepaliveOptions | false,
  peer: { send(packet: Buffer): void; isPaused(): boolean; dead(): void },
): { heard(): void; received(procedure: number): void; stop(): void } {
  let unanswered = 0;
  const tick = ({ count }: KeepaliveOptions) => {
    // While we do not read, silence says nothing about the peer.
    if (peer.isPaused()) return;
    if (unanswered >= count) return peer.dead();
    unanswered += 1;
    peer.send(keepalivePacket(ping));
  };
  const timer = options === false ? undefined : setInterval(() => tick(options), options.interval);
  timer?.unref();
  return {
    heard() {
      unanswered = 0;
      timer?.refresh();
    },
    received(procedure) {
      if (procedure === ping) peer.send(keepalivePacket(pong));
    },
    stop: () => clearInterval(timer),
  };
}
