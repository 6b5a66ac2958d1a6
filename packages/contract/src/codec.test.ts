import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryOf } from './arbitrary.ts';
import { shapeOf } from './fields.ts';
import { InputError } from './input-error.ts';
import { parseJson, shapeFromJson, shapeToJson, toJson } from './json.ts';
import { typeNames } from './names.ts';
import { readXml, shapeFromXml } from './xml-reader.ts';
import { shapeToXml, toXml, xmlHeader } from './xml-writer.ts';

const send = { secrets: 'send' } as const;

describe.each(typeNames)('%s', (type) => {
  const shape = shapeOf(type);

  test('comes back from XML as it went', () => {
    fc.assert(
      fc.property(arbitraryOf(type), (value) => {
        expect(shapeFromXml(shape, xmlHeader + shapeToXml(shape, value, send))).toEqual(value);
      }),
      { numRuns: 30 },
    );
  });

  test('comes back from JSON as it went', () => {
    fc.assert(
      fc.property(arbitraryOf(type), (value) => {
        expect(shapeFromJson(shape, JSON.parse(JSON.stringify(shapeToJson(shape, value, send))))).toEqual(value);
      }),
      { numRuns: 30 },
    );
  });
});

/** What a reader throws, if it throws: a reader may make what it likes of its input, or throw the typed error. */
function thrownBy(read: () => unknown): unknown {
  try {
    read();
    return undefined;
  } catch (error) {
    return error;
  }
}
const isTyped = (error: unknown): boolean => error === undefined || error instanceof InputError;

test('the readers throw nothing but InputError, whatever they are given', () => {
  const seed = toXml('vm', {
    id: '1',
    name: 'a',
    cpu: { topology: { cores: 2 } },
    nics: [{ name: 'n' }],
    link: [{ rel: 'x', href: '/x' }],
  });
  const broken = fc
    .tuple(fc.nat(seed.length), fc.nat(12), fc.string({ unit: fc.constantFrom(...'<>/&;"\'=! ?-[]x#1\n') }))
    .map(([at, cut, put]) => seed.slice(0, at) + put + seed.slice(at + cut));
  fc.assert(
    fc.property(
      fc.oneof(
        broken,
        fc.string(),
        fc.string({ unit: fc.constantFrom('<vm>', '</vm>', '<', '&', '<!--', '-->', '<![CDATA[', ']]>', '<name>', '<x a="1" ', '>') }),
      ),
      (text) => {
        expect(thrownBy(() => readXml('vm', text))).toSatisfy(isTyped);
      },
    ),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      expect(thrownBy(() => parseJson('vm', text))).toSatisfy(isTyped);
    }),
    { numRuns: 500 },
  );
  const shapes = fc.object({ key: fc.constantFrom(...shapeOf('vm').byName.keys(), 'nic', 'link', '__proto__') });
  fc.assert(
    fc.property(shapes, (json) => {
      expect(thrownBy(() => shapeFromJson(shapeOf('vm'), json))).toSatisfy(isTyped);
    }),
    { numRuns: 1000 },
  );
});

describe('a document that would do harm is refused', () => {
  const refused = (text: string, limits?: { size: number; depth: number }) => {
    try {
      readXml('vm', text, limits);
    } catch (error) {
      return error instanceof InputError ? error.reason.code : String(error);
    }
    return 'accepted';
  };

  test.each([
    ['a document type', '<!DOCTYPE vm><vm/>'],
    ['an internal subset', '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><vm><name>&lol2;</name></vm>'],
    ['an external entity', '<?xml version="1.0"?><!DOCTYPE vm [<!ENTITY x SYSTEM "file:///etc/passwd">]><vm><name>&x;</name></vm>'],
    ['an unknown entity', '<vm><name>&nbsp;</name></vm>'],
    ['a processing instruction', '<?xml-stylesheet href="x"?><vm/>'],
    ['a processing instruction inside', '<vm><?php x ?></vm>'],
    ['a second declaration', '<vm/><?xml version="1.0"?>'],
    ['a reference to a surrogate', '<vm><name>&#xD800;</name></vm>'],
    ['a reference to NUL', '<vm><name>&#0;</name></vm>'],
    ['a control character', '<vm><name>\u0001</name></vm>'],
    ['an attribute twice', '<vm id="1" id="2"/>'],
    ['two roots', '<vm/><vm/>'],
    ['crossed tags', '<vm><name></vm></name>'],
    ['no end', '<vm><name>x'],
    ['nothing', ''],
    ['another encoding', '<?xml version="1.0" encoding="UTF-16"?><vm/>'],
  ])('%s', (_what, text) => expect(refused(text)).toBe('input_not_xml'));

  test('depth', () => {
    const nested = (depth: number) => '<vm>'.repeat(depth) + '</vm>'.repeat(depth);
    expect(refused(nested(32))).toBe('accepted');
    expect(refused(nested(33))).toBe('input_too_deep');
    expect(refused(nested(200_000))).toBe('input_too_deep');
    expect(refused(`${'<vm>'.repeat(4)}<vm/>${'</vm>'.repeat(4)}`, { size: 1000, depth: 4 })).toBe('input_too_deep');
    expect(() => parseJson('vm', `{"cluster":${'{"data_center":{"clusters":['.repeat(20)}${']}}'.repeat(20)}}`)).toThrow(
      /nested deeper than 32/,
    );
    expect(() => parseJson('vm', '['.repeat(1_000_000))).toThrow(InputError);
  });

  test('size', () => {
    expect(refused('<vm></vm>', { size: 8, depth: 32 })).toBe('input_too_large');
    expect(() => parseJson('vm', '{"a":1}  ', { size: 8, depth: 32 })).toThrow(/longer than 8/);
  });
});

test('an error in XML has its line and column', () => {
  expect(() => readXml('vm', '<vm>\n  <name>web</nam>\n</vm>')).toThrow('</name> is expected at line 2, column 12');
});

test('an error in JSON does not quote the document, which may hold a password', () => {
  expect(() => parseJson('host', '{"root_password": "s3cret" oops')).toThrow(/^(?!.*s3cret).*not JSON/);
});

test('a wrong root is named', () => {
  expect(() => readXml('vm', '<disk/>')).toThrow('The document is <disk>, but <vm> is expected here.');
});

describe('a wrong value names its field', () => {
  test.each([
    ['<vm><memory>lots</memory></vm>', 'vm.memory'],
    ['<vm><memory>9007199254740993</memory></vm>', 'vm.memory'],
    ['<vm><memory>1.5</memory></vm>', 'vm.memory'],
    ['<vm><cpu><topology><cores>x</cores></topology></cpu></vm>', 'vm.cpu.topology.cores'],
    ['<vm><status>flying</status></vm>', 'vm.status'],
    ['<vm><stateless>maybe</stateless></vm>', 'vm.stateless'],
    ['<vm><creation_time>yesterday</creation_time></vm>', 'vm.creation_time'],
    ['<vm><name><first/></name></vm>', 'vm.name'],
    ['<vm><cpu>fast</cpu></vm>', 'vm.cpu'],
    [
      '<vm><disk_attachments><disk_attachment><bootable>2</bootable></disk_attachment></disk_attachments></vm>',
      'vm.disk_attachments.bootable',
    ],
  ])('%s', (text, field) => {
    expect(() => readXml('vm', text)).toThrow(
      expect.objectContaining({ reason: expect.objectContaining({ code: 'input_wrong_value', field }) }),
    );
  });

  test.each([
    [{ memory: 'lots' }, 'vm.memory'],
    [{ memory: 2 ** 53 }, 'vm.memory'],
    [{ memory: '9007199254740993' }, 'vm.memory'],
    [{ cpu: 7 }, 'vm.cpu'],
    [{ name: ['a'] }, 'vm.name'],
    [{ nics: 'eth0' }, 'vm.nics'],
    [{ nics: { nic: [{ linked: 'x' }] } }, 'vm.nics.linked'],
  ])('%j', (json, field) => {
    expect(() => parseJson('vm', JSON.stringify(json))).toThrow(expect.objectContaining({ reason: expect.objectContaining({ field }) }));
  });
});

test('numbers, booleans, enums, dates and lists are read in every form that clients send', () => {
  const expected = { name: 'a', memory: 1024, stateless: true, status: 'up', nics: [{ name: 'n' }], creation_time: new Date(1000) };
  const forms = [
    { name: 'a', memory: 1024, stateless: true, status: 'up', nics: { nic: [{ name: 'n' }] }, creation_time: 1000 },
    { name: 'a', memory: '1024', stateless: 'True', status: 'UP', nics: { nic: { name: 'n' } }, creation_time: '1000' },
    {
      name: 'a',
      memory: ' 1024 ',
      stateless: 1,
      status: 'Up',
      nics: [{ name: 'n' }],
      creation_time: '1970-01-01T01:00:01+01:00',
      unheard_of: {},
      host: null,
    },
  ];
  for (const form of forms) expect(parseJson('vm', JSON.stringify(form))).toEqual(expected);
  expect(
    readXml(
      'vm',
      '<vm><name>a</name><memory> 1024</memory><stateless>1</stateless><status>UP</status><nics><nic><name>n</name></nic></nics><creation_time>1970-01-01T00:00:01</creation_time><x><y/></x></vm>',
    ),
  ).toEqual(expected);
});

test('an empty element is an empty string, an empty object or list, and otherwise nothing', () => {
  expect(readXml('vm', '<vm><name/><memory/><stateless></stateless><cpu/><nics/></vm>')).toEqual({ name: '', cpu: {}, nics: [] });
});

test('what a client writes after reading comes back: links and actions are tolerated', () => {
  expect(
    readXml('vm', '<vm href="/h" id="1"><actions><link rel="start" href="/s"/></actions><link rel="nics" href="/n"/><name>a</name></vm>'),
  ).toEqual({
    href: '/h',
    id: '1',
    name: 'a',
    actions: [{ rel: 'start', href: '/s' }],
    link: [{ rel: 'nics', href: '/n' }],
  });
});

test('JSON keys cannot reach prototypes', () => {
  const vm = parseJson('vm', '{"__proto__":{"name":"x"},"constructor":1,"name":"a"}');
  expect(Object.keys(vm)).toEqual(['name']);
  expect(Object.getPrototypeOf(vm)).toBe(Object.prototype);
});

test('CDATA and comments are text and nothing', () => {
  expect(readXml('vm', '<!-- a --><vm><name><![CDATA[<b>]]>&amp;<!-- x -->c</name></vm><!-- z -->')).toEqual({ name: '<b>&c' });
});

test('secrets are accepted, and never sent back', () => {
  const host = readXml('host', '<host><name>h</name><root_password>pw</root_password></host>');
  expect(host).toEqual({ name: 'h', root_password: 'pw' });
  expect(toXml('host', host)).toBe(`${xmlHeader}<host><name>h</name></host>`);
  expect(toJson('host', host)).toEqual({ name: 'h' });
  expect(toXml('host', host, send)).toContain('pw');
});
