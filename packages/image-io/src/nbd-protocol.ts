/** The numbers of the NBD protocol (NetworkBlockDevice/nbd, doc/proto.md) that a client needs. All fields are big-endian. */

export const NBD_MAGIC = 0x4e42444d41474943n;
export const OPTION_MAGIC = 0x49484156454f5054n;
export const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
export const REQUEST_MAGIC = 0x25609513;
export const SIMPLE_REPLY_MAGIC = 0x67446698;
export const STRUCTURED_REPLY_MAGIC = 0x668e33ef;

export const HANDSHAKE_FIXED_NEWSTYLE = 1;
export const HANDSHAKE_NO_ZEROES = 2;

export const OPTION = { abort: 2, go: 7, structuredReply: 8, listMetaContext: 9, setMetaContext: 10 } as const;
export const REPLY = { ack: 1, info: 3, metaContext: 4 } as const;
export const REPLY_ERROR_BIT = 0x80000000;
export const INFO = { export: 0, blockSize: 3 } as const;

export const TRANSMISSION = { readOnly: 1 << 1, flush: 1 << 2, writeZeroes: 1 << 6 } as const;

export const COMMAND = { read: 0, write: 1, disconnect: 2, flush: 3, writeZeroes: 6, blockStatus: 7 } as const;
export const COMMAND_FLAG_NO_HOLE = 1 << 1;

export const CHUNK = { none: 0, offsetData: 1, offsetHole: 2, blockStatus: 5 } as const;
export const CHUNK_ERROR_BIT = 0x8000;
export const CHUNK_DONE = 1;

/** QEMU refuses payloads above this (NBD_MAX_BUFFER_SIZE); also what a server without INFO_BLOCK_SIZE must take. */
export const MAX_PAYLOAD = 32 * 1024 * 1024;

const errnoNames: Readonly<Record<number, string>> = {
  1: 'EPERM',
  5: 'EIO',
  12: 'ENOMEM',
  22: 'EINVAL',
  28: 'ENOSPC',
  75: 'EOVERFLOW',
  95: 'ENOTSUP',
  108: 'ESHUTDOWN',
};

export function errnoName(number: number): string {
  return errnoNames[number] ?? `errno ${number}`;
}

/** The 28 bytes in front of every request. `cookie` is 64 bits on the wire; 32 are enough for what can be in flight. */
export function requestHeader(command: number, flags: number, cookie: number, offset: number, length: number): Buffer {
  const header = Buffer.allocUnsafe(28);
  header.writeUInt32BE(REQUEST_MAGIC, 0);
  header.writeUInt16BE(flags, 4);
  header.writeUInt16BE(command, 6);
  header.writeUInt32BE(0, 8);
  header.writeUInt32BE(cookie, 12);
  header.writeBigUInt64BE(BigInt(offset), 16);
  header.writeUInt32BE(length, 24);
  return header;
}

/** An option of the handshake, ready to send. */
export function optionRequest(option: number, data: Buffer): Buffer {
  const header = Buffer.allocUnsafe(16);
  header.writeBigUInt64BE(OPTION_MAGIC, 0);
  header.writeUInt32BE(option, 8);
  header.writeUInt32BE(data.length, 12);
  return Buffer.concat([header, data]);
}

/** Data of OPTION.go: the export, and that we want to hear its block sizes. */
export function goData(exportName: string): Buffer {
  return Buffer.concat([sized(exportName), uint16(1), uint16(INFO.blockSize)]);
}

/** Data of OPTION.listMetaContext and OPTION.setMetaContext. */
export function metaContextData(exportName: string, queries: readonly string[]): Buffer {
  return Buffer.concat([sized(exportName), uint32(queries.length), ...queries.map(sized)]);
}

function sized(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint16(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(2);
  buffer.writeUInt16BE(value);
  return buffer;
}

function uint32(value: number): Buffer {
  const buffer = Buffer.allocUnsafe(4);
  buffer.writeUInt32BE(value);
  return buffer;
}
