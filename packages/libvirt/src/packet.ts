/**
 * libvirt's packets: a four-byte length that counts itself, a header of six words, and a payload (libvirt's virnetprotocol).
 * The same framing serves calls, replies, events, streams and keepalives.
 */
import { RpcError, XdrError } from './errors.ts';
import type { Codec, Decoded, Sink } from './xdr.ts';
import { decode, reserve, struct } from './xdr.ts';
import { enumeration, int, uint } from './xdr-scalars.ts';

const lengthBytes = 4;
const headerBytes = 24;

/** The most that libvirt sends or takes in one packet, without the length word (VIR_NET_MESSAGE_MAX, 32 MiB since libvirt 1.2). */
export const maxPacketBytes = 33_554_432;

/** The largest piece of stream data that every libvirt takes in one packet (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX). */
export const maxStreamChunk = 262_120;

export const programs = { remote: 0x20008086, qemu: 0x20008087, keepalive: 0x6b656570 } as const;
export const protocolVersion = 1;

const headerCodec = struct({
  program: uint,
  version: uint,
  procedure: int,
  /** Types 4 and 5 carry file descriptors, 6 a hole in a sparse stream. This client asks for none of them, so they are violations. */
  type: enumeration({ call: 0, reply: 1, message: 2, stream: 3 }),
  serial: uint,
  status: enumeration({ ok: 0, error: 1, continue: 2 }),
});
export type Header = Decoded<typeof headerCodec>;
export type Packet = { header: Header; payload: Buffer };

/** One packet, ready to be sent. Throws `XdrError` when the value does not fit its declaration or the packet. */
export function encodePacket<In>(header: Header, codec: Codec<unknown, In>, value: In): Buffer {
  const sink: Sink = { bytes: Buffer.allocUnsafe(512), at: lengthBytes, limit: lengthBytes + maxPacketBytes };
  headerCodec.encode(sink, header);
  codec.encode(sink, value);
  sink.bytes.writeUInt32BE(sink.at, 0);
  return sink.bytes.subarray(0, sink.at);
}

/** The same for bytes that are not XDR: stream data. */
export function encodeRawPacket(header: Header, data: Uint8Array): Buffer {
  const bytes: Codec<Uint8Array> = {
    shape: { kind: 'opaque', max: maxPacketBytes },
    least: 0,
    encode(sink, value) {
      const at = reserve(sink, value.length);
      sink.bytes.set(value, at);
    },
    decode: () => Buffer.alloc(0),
  };
  return encodePacket(header, bytes, data);
}

/**
 * Takes the bytes of a connection as they come and hands out whole packets. Throws `RpcError` of kind `protocol` on what cannot be a packet;
 * the connection is then beyond repair, since nobody knows where the next packet starts.
 * A length is only believed as far as bytes arrive: nothing is allocated for what a peer merely announces.
 */
export function createPacketReader(onPacket: (packet: Packet) => void): (chunk: Buffer) => void {
  let chunks: Buffer[] = [];
  let held = 0;
  let wanted = lengthBytes;

  return (chunk) => {
    chunks.push(chunk);
    held += chunk.length;
    if (held < wanted) return;
    let bytes = chunks.length === 1 ? chunk : Buffer.concat(chunks, held);
    for (;;) {
      wanted = bytes.length < lengthBytes ? lengthBytes : checkedLength(bytes.readUInt32BE(0));
      if (bytes.length < wanted || bytes.length < lengthBytes) break;
      const packet = bytes.subarray(lengthBytes, wanted);
      bytes = bytes.subarray(wanted);
      onPacket(parsePacket(packet));
    }
    chunks = bytes.length === 0 ? [] : [bytes];
    held = bytes.length;
  };
}

function checkedLength(length: number): number {
  if (length < lengthBytes + headerBytes)
    throw new RpcError('protocol', `libvirt sent a packet of ${length} bytes, which has no room for a header`);
  if (length > lengthBytes + maxPacketBytes)
    throw new RpcError('protocol', `libvirt sent a packet of ${length} bytes; ${maxPacketBytes} are the most`);
  return length;
}

function parsePacket(bytes: Buffer): Packet {
  try {
    return { header: decode(headerCodec, bytes.subarray(0, headerBytes)), payload: bytes.subarray(headerBytes) };
  } catch (error) {
    if (error instanceof XdrError)
      throw new RpcError('protocol', `libvirt sent a packet with a bad header: ${error.message}`, { cause: error });
    throw error;
  }
}
