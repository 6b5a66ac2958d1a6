/** Values of any declared type, for property tests: generated from the declaration itself. */
import * as fc from 'fast-check';
import type { AnyCodec } from './xdr.ts';

const character = fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }).filter((c) => c !== '\0');

export function arbitraryOf({ shape }: AnyCodec): fc.Arbitrary<unknown> {
  switch (shape.kind) {
    case 'nothing':
      return fc.constant(undefined);
    case 'flag':
      return fc.boolean();
    case 'double':
      return fc.double();
    case 'uuid':
      return fc.uuid();
    case 'integer':
      return fc.integer({ min: shape.min, max: shape.max });
    case 'hyper':
      return fc.bigInt({ min: shape.min, max: shape.max });
    case 'string':
      // Long ones too, so that buffers have to grow.
      return fc.oneof(
        { weight: 9, arbitrary: fc.string({ unit: character, maxLength: 20 }) },
        fc.string({ unit: character, maxLength: 900, size: 'max' }),
      );
    case 'characters':
      return fc.stringMatching(/^[!-~]*$/, { maxLength: shape.max - 1 });
    case 'opaque':
      return fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
    case 'enumeration':
      return fc.constantFrom(...shape.names);
    case 'optional':
      return fc.option(arbitraryOf(shape.of));
    case 'byDefault':
      return arbitraryOf(shape.of);
    case 'array':
      return fc.array(arbitraryOf(shape.of), { maxLength: Math.min(shape.max, 5) });
    case 'union':
      return fc.oneof(...Object.entries(shape.cases).map(([type, of]) => fc.record({ type: fc.constant(type), value: arbitraryOf(of) })));
    case 'struct':
      return fc.record(Object.fromEntries(Object.entries(shape.fields).map(([name, of]) => [name, arbitraryOf(of)])));
  }
}
