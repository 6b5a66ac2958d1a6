import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryOf } from './arbitrary.test-support.ts';
import { domainEvents } from './domain-events.ts';
import { XdrError } from './errors.ts';
import { maxPacketBytes } from './packet.ts';
import { procedures } from './procedures.ts';
import { errorPayload } from './wire-types.ts';
import type { AnyCodec } from './xdr.ts';
import { array, byDefault, decode, encode, optional, struct, union } from './xdr.ts';
import { characters, enumeration, flag, hyper, int, opaque, string, uchar, uhyper, uint, ushort, uuid } from './xdr-scalars.ts';

/** Everything that the protocol's tables declare. */
const declared: [string, AnyCodec][] = [
  ['error', errorPayload as AnyCodec],
  ...Object.entries(procedures).flatMap(([name, { args, ret }]): [string, AnyCodec][] => [
    [`${name} arguments`, args as AnyCodec],
    [`${name} result`, ret as AnyCodec],
  ]),
  ...Object.entries(domainEvents).map(([name, { message }]): [string, AnyCodec] => [`${name} event`, message as AnyCodec]),
];

const hex = (codec: AnyCodec, value: unknown) => encode(codec, value, 1000).toString('hex');
const problemOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof XdrError) return error.message;
    throw error;
  }
  return 'none';
};

/** The value, or nothing when it was refused in the proper way. */
function decodedOrRefused(codec: AnyCodec, bytes: Buffer): unknown {
  try {
    return decode(codec, bytes);
  } catch (error) {
    if (error instanceof XdrError) return undefined;
    throw error;
  }
}

/** How much a decoded value holds, counted the way it would have to be paid for in bytes. */
function weight(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (Buffer.isBuffer(value)) return value.length;
  if (Array.isArray(value)) return value.length + value.reduce((sum: number, each) => sum + weight(each), 0);
  if (typeof value === 'object' && value !== null) return Object.values(value).reduce((sum: number, each) => sum + weight(each), 0);
  return 0;
}

describe.each(declared.filter(([, codec]) => codec.least > 0))('%s', (_name, codec) => {
  test('what is encoded is decoded to the same, in whole words', () => {
    fc.assert(
      fc.property(arbitraryOf(codec), (value) => {
        const bytes = encode(codec, value, maxPacketBytes);
        expect(bytes.length % 4).toBe(0);
        expect(bytes.length).toBeGreaterThanOrEqual(codec.least);
        expect(decode(codec, bytes)).toEqual(value);
      }),
      { numRuns: 40 },
    );
  });

  test('a value cut off anywhere, or with more behind it, is refused', () => {
    fc.assert(
      fc.property(arbitraryOf(codec), fc.nat(), (value, cut) => {
        const bytes = encode(codec, value, maxPacketBytes);
        expect(() => decode(codec, bytes.subarray(0, cut % bytes.length))).toThrow(XdrError);
        expect(() => decode(codec, Buffer.concat([bytes, Buffer.alloc(4)]))).toThrow(XdrError);
      }),
      { numRuns: 20 },
    );
  });

  test('arbitrary bytes are refused with XdrError, or hold no more than they pay for', () => {
    const words = fc.array(fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 0xffffffff })), { maxLength: 60 });
    fc.assert(
      fc.property(words, (numbers) => {
        const bytes = Buffer.concat(numbers.map((number) => encode(uint, number, 4)));
        const value = decodedOrRefused(codec, bytes);
        // A UUID reads as 36 characters for its 16 bytes, which is the most that anything grows by.
        expect(weight(value)).toBeLessThanOrEqual(3 * bytes.length);
      }),
      { numRuns: 40 },
    );
  });
});

test('values have the bytes that RFC 4506 gives them', () => {
  expect(hex(int, -2)).toBe('fffffffe');
  expect(hex(uint, 0xfffffffe)).toBe('fffffffe');
  expect(hex(hyper, -2n)).toBe('fffffffffffffffe');
  expect(hex(flag, true)).toBe('00000001');
  expect(hex(string(10), 'virsh')).toBe('000000057669727368000000');
  expect(hex(opaque(10), Buffer.from([1, 2, 3, 4]))).toBe('0000000401020304');
  expect(hex(optional(int), null)).toBe('00000000');
  expect(hex(optional(int), 7)).toBe('0000000100000007');
  expect(hex(array(int, 3), [1, 2])).toBe('000000020000000100000002');
  expect(hex(uuid, '00112233-4455-6677-8899-AABBCCDDEEFF')).toBe('00112233445566778899aabbccddeeff');
  expect(hex(characters(3), 'ab')).toBe('000000610000006200000000');
  expect(hex(union({ number: [4, int] }), { type: 'number', value: 9 })).toBe('0000000400000009');
  expect(hex(struct({ a: int, b: byDefault(uint, 5) }), { a: 1 })).toBe('0000000100000005');
});

test('limits hold when encoding', () => {
  expect(problemOf(() => hex(string(4), 'fünf'))).toBe('5 bytes long, at most 4 are allowed');
  expect(problemOf(() => hex(opaque(1), Buffer.alloc(2)))).toBe('2 bytes long, at most 1 are allowed');
  expect(problemOf(() => hex(array(int, 1), [1, 2]))).toBe('2 elements, at most 1 are allowed');
  expect(problemOf(() => hex(characters(3), 'abc'))).toBe('3 bytes long, at most 2 are allowed');
  expect(problemOf(() => hex(uchar, 256))).toBe('256 is not an integer from 0 to 255');
  expect(problemOf(() => hex(ushort, -1))).toBe('-1 is not an integer from 0 to 65535');
  expect(problemOf(() => hex(int, 1.5))).toContain('1.5 is not an integer');
  expect(problemOf(() => hex(uhyper, -1n))).toContain('-1 is not a bigint');
  expect(problemOf(() => encode(string(100), 'x'.repeat(40), 16))).toBe('larger than 16 bytes');
});

test('limits hold when decoding', () => {
  const five = encode(string(5), 'abcde', 100);
  expect(problemOf(() => decode(string(4), five))).toBe('5 bytes long, at most 4 are allowed');
  expect(problemOf(() => decode(array(int, 1), encode(array(int, 2), [1, 2], 100)))).toBe('2 elements, at most 1 are allowed');
  expect(problemOf(() => decode(ushort, encode(uint, 65_536, 4)))).toBe('65536 is not an integer from 0 to 65535');
});

test('a length that the bytes at hand cannot hold is refused before anything is made of it', () => {
  const announced = encode(uint, 16_000, 4);
  expect(problemOf(() => decode(array(int, 16_384), announced))).toBe('16000 elements cannot be in 0 bytes');
  expect(problemOf(() => decode(string(16_384), announced))).toBe('ends early: 16000 bytes wanted, 0 left');
});

test('texts that C would cut short or that are not text are refused', () => {
  expect(problemOf(() => hex(string(10), 'a\0b'))).toBe('has a NUL character');
  expect(problemOf(() => decode(string(10), encode(opaque(10), Buffer.from('a\0b'), 100)))).toBe('has a NUL character');
  expect(problemOf(() => hex(string(10), '\ud800'))).toBe('has half a surrogate pair');
  expect(problemOf(() => hex(string(10), undefined))).toBe('is not a string');
  expect(problemOf(() => hex(uuid, 'not one'))).toBe('is not a UUID');
});

test('unknown names and numbers are refused', () => {
  const colour = enumeration({ red: 1, blue: 3 });
  expect(problemOf(() => hex(colour as AnyCodec, 'toString'))).toBe('toString is none of red, blue');
  expect(problemOf(() => decode(colour, encode(int, 2, 4)))).toBe('2 is none of 1, 3');
  expect(problemOf(() => decode(union({ a: [1, int] }), encode(int, 2, 4)))).toBe('2 is none of 1');
  expect(problemOf(() => decode(optional(int), encode(int, 2, 4)))).toContain('neither absent (0) nor present (1)');
});

test('an error says where it is', () => {
  const codec = struct({ domains: array(struct({ name: string(3) }), 5) });
  expect(problemOf(() => encode(codec, { domains: [{ name: 'a' }, { name: 'long' }] }, 100))).toBe(
    'domains.1.name: 4 bytes long, at most 3 are allowed',
  );
});
