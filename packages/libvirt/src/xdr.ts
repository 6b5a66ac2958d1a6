/**
 * XDR (RFC 4506) as declarations: from one declaration come the TypeScript type, the encoder, the decoder and the limits, which hold in both directions.
 *
 * Decoding never allocates more than the bytes at hand justify: a length is checked against its limit and against what is left before anything is made.
 * 64-bit integers are always `bigint`: a VM's CPU time in nanoseconds outgrows a safe number within a hundred days of one core.
 */
import { XdrError } from './errors.ts';

/** Bytes being read. `end` bounds the value, not the buffer. */
export type Source = { readonly bytes: Buffer; at: number; readonly end: number };

/** Bytes being written; grows up to `limit`. */
export type Sink = { bytes: Buffer; at: number; readonly limit: number };

/** What a codec is made of, for whoever walks declarations (the tests generate values from it). */
export type Shape =
  | { kind: 'nothing' | 'flag' | 'double' | 'uuid' }
  | { kind: 'integer'; min: number; max: number }
  | { kind: 'hyper'; min: bigint; max: bigint }
  | { kind: 'string' | 'opaque' | 'characters'; max: number }
  | { kind: 'enumeration'; names: readonly string[] }
  | { kind: 'optional' | 'byDefault'; of: AnyCodec }
  | { kind: 'array'; of: AnyCodec; max: number }
  | { kind: 'union'; cases: Readonly<Record<string, AnyCodec>> }
  | { kind: 'struct'; fields: Readonly<Record<string, AnyCodec>> };

/** `In` is what may be given, `Out` what comes back; they differ where a field has a default. */
export type Codec<Out, In = Out> = {
  readonly shape: Shape;
  /** The fewest bytes that a value takes: what bounds an array's length by the bytes at hand. */
  readonly least: number;
  encode(sink: Sink, value: In): void;
  decode(source: Source): Out;
};
export type AnyCodec = Codec<unknown, unknown>;
export type Decoded<C> = C extends Codec<infer Out, infer _In> ? Out : never;
export type Encodable<C> = C extends Codec<infer _Out, infer In> ? In : never;

/** The bytes of one value. `limit` is the most it may take. */
export function encode<In>(codec: Codec<unknown, In>, value: In, limit: number): Buffer {
  const sink: Sink = { bytes: Buffer.allocUnsafe(Math.min(256, limit)), at: 0, limit };
  codec.encode(sink, value);
  return sink.bytes.subarray(0, sink.at);
}

/** One value that fills `bytes` exactly. */
export function decode<Out>(codec: Codec<Out, never>, bytes: Buffer): Out {
  const source: Source = { bytes, at: 0, end: bytes.length };
  const value = codec.decode(source);
  if (source.at !== source.end) throw new XdrError(`${source.end - source.at} bytes too many`);
  return value;
}

export function take(source: Source, length: number): number {
  const at = source.at;
  if (source.end - at < length) throw new XdrError(`ends early: ${length} bytes wanted, ${source.end - at} left`);
  source.at = at + length;
  return at;
}

/** Makes room for `length` bytes and says where they start. */
export function reserve(sink: Sink, length: number): number {
  const at = sink.at;
  const needed = at + length;
  if (needed > sink.limit) throw new XdrError(`larger than ${sink.limit} bytes`);
  if (needed > sink.bytes.length) {
    const grown = Buffer.allocUnsafe(Math.min(sink.limit, Math.max(needed, sink.bytes.length * 2)));
    sink.bytes.copy(grown, 0, 0, at);
    sink.bytes = grown;
  }
  sink.at = needed;
  return at;
}

export const readUint = (source: Source) => source.bytes.readUInt32BE(take(source, 4));
export const readInt = (source: Source) => source.bytes.readInt32BE(take(source, 4));
// Room is made first: `sink.bytes` may be another buffer afterwards.
export function writeUint(sink: Sink, value: number): void {
  const at = reserve(sink, 4);
  sink.bytes.writeUInt32BE(value, at);
}

export function writeInt(sink: Sink, value: number): void {
  const at = reserve(sink, 4);
  sink.bytes.writeInt32BE(value, at);
}

/** A value or null. */
export function optional<Out, In>(of: Codec<Out, In>): Codec<Out | null, In | null> {
  return {
    shape: { kind: 'optional', of: of as AnyCodec },
    least: 4,
    encode(sink, value) {
      writeUint(sink, value === null ? 0 : 1);
      if (value !== null) of.encode(sink, value);
    },
    decode(source) {
      const present = readUint(source);
      if (present > 1) throw new XdrError(`${present} is neither absent (0) nor present (1)`);
      return present === 1 ? of.decode(source) : null;
    },
  };
}

/** A value that the caller may leave out. On the wire it is always there. */
export function byDefault<Out, In>(of: Codec<Out, In>, value: In): Codec<Out, In | undefined> {
  return {
    shape: { kind: 'byDefault', of: of as AnyCodec },
    least: of.least,
    encode: (sink, given) => of.encode(sink, given === undefined ? value : given),
    decode: (source) => of.decode(source),
  };
}

/** At most `max` values of one kind. */
export function array<Out, In>(of: Codec<Out, In>, max: number): Codec<Out[], readonly In[]> {
  if (of.least === 0) throw new TypeError('An array of nothing has no bound in bytes');
  return {
    shape: { kind: 'array', of: of as AnyCodec, max },
    least: 4,
    encode(sink, values) {
      if (!Array.isArray(values)) throw new XdrError('is not an array');
      if (values.length > max) throw new XdrError(`${values.length} elements, at most ${max} are allowed`);
      writeUint(sink, values.length);
      let index = 0;
      try {
        for (; index < values.length; index += 1) of.encode(sink, values[index]);
      } catch (error) {
        throw within(error, String(index));
      }
    },
    decode(source) {
      const length = readUint(source);
      if (length > max) throw new XdrError(`${length} elements, at most ${max} are allowed`);
      if (length * of.least > source.end - source.at) throw new XdrError(`${length} elements cannot be in ${source.end - source.at} bytes`);
      const values: Out[] = [];
      try {
        while (values.length < length) values.push(of.decode(source));
      } catch (error) {
        throw within(error, String(values.length));
      }
      return values;
    },
  };
}

const within = (error: unknown, step: string) => (error instanceof XdrError ? error.within(step) : error);

type Cases = Record<string, readonly [number: number, of: AnyCodec]>;
type UnionOut<C extends Cases> = { [K in keyof C & string]: { type: K; value: Decoded<C[K][1]> } }[keyof C & string];
type UnionIn<C extends Cases> = { [K in keyof C & string]: { type: K; value: Encodable<C[K][1]> } }[keyof C & string];

/** A number that says which kind of value follows: `{ type: 'uint', value: 3 }`. */
export function union<const C extends Cases>(cases: C): Codec<UnionOut<C>, UnionIn<C>> {
  const byNumber = new Map(Object.entries(cases).map(([type, [number, of]]) => [number, { type, of }]));
  return {
    shape: { kind: 'union', cases: Object.fromEntries(Object.entries(cases).map(([type, [, of]]) => [type, of])) },
    least: 4 + Math.min(...[...byNumber.values()].map(({ of }) => of.least)),
    encode(sink, { type, value }) {
      const [number, of] = (Object.hasOwn(cases, type) ? cases[type] : undefined) ?? [0, undefined];
      if (of === undefined) throw new XdrError(`${String(type)} is none of ${Object.keys(cases).join(', ')}`);
      writeInt(sink, number);
      try {
        of.encode(sink, value);
      } catch (error) {
        throw within(error, type);
      }
    },
    decode(source) {
      const number = readInt(source);
      const found = byNumber.get(number);
      if (found === undefined) throw new XdrError(`${number} is none of ${[...byNumber.keys()].join(', ')}`);
      try {
        return { type: found.type, value: found.of.decode(source) } as UnionOut<C>;
      } catch (error) {
        throw within(error, found.type);
      }
    },
  };
}

type Fields = Record<string, AnyCodec>;
type Omittable<F extends Fields> = { [K in keyof F]: undefined extends Encodable<F[K]> ? K : never }[keyof F];
type Simplify<T> = { [K in keyof T]: T[K] };
export type StructOut<F extends Fields> = { [K in keyof F]: Decoded<F[K]> };
export type StructIn<F extends Fields> = Simplify<
  { [K in Exclude<keyof F, Omittable<F>>]: Encodable<F[K]> } & { [K in Omittable<F>]?: Encodable<F[K]> | undefined }
>;

/** Named values one after another, in the order of declaration. */
export function struct<F extends Fields>(fields: F): Codec<StructOut<F>, StructIn<F>> {
  const entries = Object.entries(fields);
  return {
    shape: { kind: 'struct', fields },
    least: entries.reduce((sum, [, codec]) => sum + codec.least, 0),
    encode(sink, value) {
      const given: Readonly<Record<string, unknown>> = value;
      let at = '';
      try {
        for (const [name, codec] of entries) codec.encode(sink, given[(at = name)]);
      } catch (error) {
        throw within(error, at);
      }
    },
    decode(source) {
      const read: Record<string, unknown> = {};
      let at = '';
      try {
        for (const [name, codec] of entries) read[(at = name)] = codec.decode(source);
      } catch (error) {
        throw within(error, at);
      }
      return read as StructOut<F>;
    },
  };
}
