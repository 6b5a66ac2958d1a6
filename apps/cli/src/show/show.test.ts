import { describe, expect, test } from 'vitest';
import { plain, toJsonText, toYamlText } from './plain.ts';
import { properties, table, words } from './table.ts';

describe('tables', () => {
  const columns = [
    { title: 'NAME', cell: ({ name }: { name: string; size?: string }) => name },
    { title: 'SIZE', cell: ({ size }: { name: string; size?: string }) => size, right: true },
    { title: 'NOTE', cell: () => '' },
  ];

  test('columns are as wide as their widest cell, figures stand at the right, and empty columns are left out', () => {
    expect(table(columns, [{ name: 'web', size: '1 GiB' }, { name: 'database', size: '20 GiB' }, { name: 'x' }])).toBe(
      'NAME        SIZE\nweb        1 GiB\ndatabase  20 GiB\nx\n',
    );
  });

  test('characters that take two places count two, and those that take none count none', () => {
    const lines = table(
      [
        { title: 'N', cell: (name: string) => name },
        { title: 'X', cell: () => 'x' },
      ],
      ['日本', 'e\u0301e\u0301', 'four'],
    );
    expect(lines).toBe('N     X\n日本  x\ne\u0301e\u0301    x\nfour  x\n');
  });

  test('a name cannot talk to the terminal', () => {
    const shown = table([{ title: 'N', cell: (name: string) => name }], ['a\u001b[2Jb', 'c\nd', '\u202eevil']);
    for (const spoken of ['\u001b', '\u202e', 'c\nd']) expect(shown).not.toContain(spoken);
    expect(properties([['name', 'a\u001b]0;b\u0007']])).not.toContain('\u001b');
  });

  test('what an object lacks is not mentioned', () => {
    expect(
      properties([
        ['name', 'web'],
        ['description', ''],
        ['host', undefined],
        ['id', '7'],
      ]),
    ).toBe('name  web\nid    7\n');
    expect(words('powering_up')).toBe('powering up');
  });
});

describe('for programs', () => {
  const vm = {
    id: '7',
    name: 'web',
    memory: 1024,
    start_time: new Date(0),
    ha: undefined,
    nics: [],
    link: [{ rel: 'nics', href: '/x' }],
    href: '/y',
  };

  test('values are as they are, dates in ISO 8601, and links of the API are left out', () => {
    expect(plain(vm)).toEqual({ id: '7', name: 'web', memory: 1024, start_time: '1970-01-01T00:00:00.000Z', nics: [] });
    expect(JSON.parse(toJsonText([vm]))).toEqual([plain(vm)]);
  });

  test('YAML nests lists and objects', () => {
    expect(
      toYamlText([
        { name: 'web', cpu: { topology: { cores: 2 } }, boot: ['hd', 'network'], nics: [], os: {} },
        { name: 'db', disks: [{ id: 'a', size: 1 }] },
      ]),
    ).toBe(
      [
        '- name: web',
        '  cpu:',
        '    topology:',
        '      cores: 2',
        '  boot:',
        '    - hd',
        '    - network',
        '  nics: []',
        '  os: {}',
        '- name: db',
        '  disks:',
        '    - id: a',
        '      size: 1',
        '',
      ].join('\n'),
    );
    expect(toYamlText([])).toBe('[]\n');
    expect(toYamlText({})).toBe('{}\n');
  });

  test('what could be read as something else stands in quotes', () => {
    const quoted = [
      '',
      'yes',
      'No',
      'null',
      '~',
      '1',
      '1e3',
      '0x1f',
      '12:30',
      '- a',
      'a: b',
      'a #b',
      '#a',
      "it's",
      'a ',
      ' a',
      '"',
      '@a',
      'a\nb',
      '.5',
      'é',
    ];
    for (const text of quoted) expect(toYamlText({ a: text })).toBe(`a: ${JSON.stringify(text)}\n`);
    for (const text of ['web', 'web-1.example', 'two words', '/dev/vda', 'admin@internal'])
      expect(toYamlText({ a: text })).toBe(`a: ${text}\n`);
  });
});
