import fc from 'fast-check';
import { shapeOf, type Field } from './fields.ts';
import type { TypeName } from './names.ts';
import { enums } from './schema.ts';
import { withoutIllegal } from './xml-characters.ts';

/** Random values of a declared type: any of its own fields, and a few of those of what it holds, `depth` levels deep. For tests. */
export function arbitraryOf(type: TypeName, depth = 2, width = 60): fc.Arbitrary<Record<string, unknown>> {
  const fields = shapeOf(type).fields.filter(({ holds }) => holds.kind !== 'type' || depth > 0);
  return fc.subarray([...fields], { maxLength: Math.min(width, fields.length) }).chain((some) => {
    const parts = some.map((field) => [field.name, fieldValue(field, depth)] as const);
    return fc.record<Record<string, unknown>>(Object.fromEntries([...parts, ['href', fc.constantFrom('/ovirt-engine/api/x', '/y')]]));
  });
}

function fieldValue(field: Field, depth: number): fc.Arbitrary<unknown> {
  const one = oneValue(field, depth);
  return field.list ? fc.array(one, { maxLength: 2 }) : one;
}

function oneValue({ holds }: Field, depth: number): fc.Arbitrary<unknown> {
  switch (holds.kind) {
    case 'type':
      return arbitraryOf(holds.type, depth - 1, 3);
    case 'enum':
      return fc.constantFrom(...enums[holds.enum]);
    case 'string':
      return text;
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.maxSafeInteger();
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
    case 'date':
      return fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });
  }
}

/** Text that XML can hold, with what needs escaping. */
const text = fc
  .oneof(fc.string(), fc.string({ unit: 'binary' }), fc.constantFrom('<&>"\'', ']]>', '\r\n\t', '🐎', ' x ', '&amp;'))
  .map((value) => withoutIllegal(value));
