/** The values that XDR declarations are made of: numbers, truth values, texts, bytes, UUIDs and names of numbers. */
import { XdrError } from './errors.ts';
import type { Codec, Sink, Source } from './xdr.ts';
import { readInt, readUint, reserve, take, writeInt, writeUint } from './xdr.ts';

/** XDR has no integer below 32 bits: char, short and their unsigned kin travel as four bytes too. */
function integer(min: number, max: number): Codec<number> {
  const check = (value: number) => {
    if (!Number.isInteger(value) || value < min || value > max) throw new XdrError(`${value} is not an integer from ${min} to ${max}`);
    return value;
  };
  const signed = min < 0;
  return {
    shape: { kind: 'integer', min, max },
    least: 4,
    encode: (sink, value) => (signed ? writeInt : writeUint)(sink, check(value)),
    decode: (source) => check((signed ? readInt : readUint)(source)),
  };
}

export const int = integer(-0x80000000, 0x7fffffff);
export const uint = integer(0, 0xffffffff);
export const ushort = integer(0, 0xffff);
export const uchar = integer(0, 0xff);

function hyperInteger(min: bigint, max: bigint): Codec<bigint> {
  return {
    shape: { kind: 'hyper', min, max },
    least: 8,
    encode(sink, value) {
      if (typeof value !== 'bigint' || value < min || value > max) throw new XdrError(`${value} is not a bigint from ${min} to ${max}`);
      const at = reserve(sink, 8);
      if (min < 0n) sink.bytes.writeBigInt64BE(value, at);
      else sink.bytes.writeBigUInt64BE(value, at);
    },
    decode(source) {
      const at = take(source, 8);
      return min < 0n ? source.bytes.readBigInt64BE(at) : source.bytes.readBigUInt64BE(at);
    },
  };
}

export const hyper = hyperInteger(-(2n ** 63n), 2n ** 63n - 1n);
export const uhyper = hyperInteger(0n, 2n ** 64n - 1n);

export const double: Codec<number> = {
  shape: { kind: 'double' },
  least: 8,
  encode(sink, value) {
    const at = reserve(sink, 8);
    sink.bytes.writeDoubleBE(value, at);
  },
  decode: (source) => source.bytes.readDoubleBE(take(source, 8)),
};

/** An int that libvirt uses as a truth value: anything but 0 is true. */
export const flag: Codec<boolean> = {
  shape: { kind: 'flag' },
  least: 4,
  encode: (sink, value) => writeInt(sink, value ? 1 : 0),
  decode: (source) => readInt(source) !== 0,
};

/** No value, no bytes. */
export const nothing: Codec<undefined> = { shape: { kind: 'nothing' }, least: 0, encode: () => {}, decode: () => undefined };

const padded = (length: number) => (length + 3) & ~3;

function readBlock(source: Source, max: number): { from: number; to: number } {
  const length = readUint(source);
  if (length > max) throw new XdrError(`${length} bytes long, at most ${max} are allowed`);
  const from = take(source, padded(length));
  return { from, to: from + length };
}

function startBlock(sink: Sink, length: number, max: number): number {
  if (length > max) throw new XdrError(`${length} bytes long, at most ${max} are allowed`);
  writeUint(sink, length);
  const at = reserve(sink, padded(length));
  sink.bytes.fill(0, at + length, sink.at);
  return at;
}

/**
 * UTF-8 text of at most `max` bytes. A NUL is refused: libvirt's C strings end there, so the rest would be cut off unseen.
 * What is not UTF-8 (a guest agent may report anything) is read with replacement characters.
 */
export function string(max: number): Codec<string> {
  return {
    shape: { kind: 'string', max },
    least: 4,
    encode(sink, value) {
      if (typeof value !== 'string') throw new XdrError('is not a string');
      if (!value.isWellFormed()) throw new XdrError('has half a surrogate pair');
      if (value.includes('\0')) throw new XdrError('has a NUL character');
      const length = Buffer.byteLength(value);
      const at = startBlock(sink, length, max);
      sink.bytes.write(value, at, length);
    },
    decode(source) {
      const { from, to } = readBlock(source, max);
      const value = source.bytes.toString('utf8', from, to);
      if (value.includes('\0')) throw new XdrError('has a NUL character');
      return value;
    },
  };
}

/** At most `max` bytes as they are. What is decoded is a copy. */
export function opaque(max: number): Codec<Buffer, Uint8Array> {
  return {
    shape: { kind: 'opaque', max },
    least: 4,
    encode(sink, value) {
      const at = startBlock(sink, value.length, max);
      sink.bytes.set(value, at);
    },
    decode(source) {
      const { from, to } = readBlock(source, max);
      return Buffer.from(source.bytes.subarray(from, to));
    },
  };
}

/** C's `char name[max]`: every character travels as an int of its own, and a NUL ends the text. */
export function characters(max: number): Codec<string> {
  return {
    shape: { kind: 'characters', max },
    least: 4 * max,
    encode(sink, value) {
      const bytes = Buffer.from(value, 'utf8');
      if (bytes.length >= max) throw new XdrError(`${bytes.length} bytes long, at most ${max - 1} are allowed`);
      if (bytes.includes(0)) throw new XdrError('has a NUL character');
      for (let i = 0; i < max; i += 1) writeInt(sink, i < bytes.length ? bytes.readInt8(i) : 0);
    },
    decode(source) {
      const bytes = Buffer.allocUnsafe(max);
      for (let i = 0; i < max; i += 1) bytes[i] = readInt(source) & 0xff;
      const end = bytes.indexOf(0);
      return bytes.toString('utf8', 0, end === -1 ? max : end);
    },
  };
}

const uuidText = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Sixteen bytes, as `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in lower case. */
export const uuid: Codec<string> = {
  shape: { kind: 'uuid' },
  least: 16,
  encode(sink, value) {
    if (!uuidText.test(value)) throw new XdrError('is not a UUID');
    const at = reserve(sink, 16);
    sink.bytes.write(value.replaceAll('-', ''), at, 'hex');
  },
  decode(source) {
    const at = take(source, 16);
    const hex = source.bytes.toString('hex', at, at + 16);
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
};

/** A closed list of names, each with its number. */
export function enumeration<const Names extends Record<string, number>>(numbers: Names): Codec<keyof Names & string> {
  const names = new Map(Object.entries(numbers).map(([name, number]) => [number, name as keyof Names & string]));
  return {
    shape: { kind: 'enumeration', names: Object.keys(numbers) },
    least: 4,
    encode(sink, value) {
      const number = Object.hasOwn(numbers, value) ? numbers[value] : undefined;
      if (number === undefined) throw new XdrError(`${String(value)} is none of ${Object.keys(numbers).join(', ')}`);
      writeInt(sink, number);
    },
    decode(source) {
      const number = readInt(source);
      const name = names.get(number);
      if (name === undefined) throw new XdrError(`${number} is none of ${[...names.keys()].join(', ')}`);
      return name;
    },
  };
}
