import { expect, test } from 'vitest';
import { cpioArchive } from './cpio.ts';
import { inLoadOrder } from './guest-parts.ts';
import { heartbeatsIn, parseHeartbeat } from './guest.ts';

const line = 'HB boot=465ed1ff n=3 disk=17 dev=vda1 up=4.08 host=web.example';

test('a heartbeat tells boot, counters, device, uptime and host name', () => {
  const heartbeat = { boot: '465ed1ff', count: 3, disk: 17, device: 'vda1', uptimeSeconds: 4.08, hostname: 'web.example' };
  expect(parseHeartbeat(line)).toEqual(heartbeat);
  expect(parseHeartbeat(`/ # ${line}\r\n`)).toEqual(heartbeat);
});

test('a guest without a disk has no disk counter', () => {
  expect(parseHeartbeat('HB boot=465ed1ff n=3 disk=- dev=- up=4.08 host=labguest')).toMatchObject({ disk: null, device: null });
});

test('what is not a whole heartbeat is none', () => {
  expect(parseHeartbeat('HB boot=465ed1ff n=3 disk=17 dev=vda1 up=4.08 host=')).toBeUndefined();
  expect(parseHeartbeat('SYSLINUX 6.04')).toBeUndefined();
});

test('a line of a console log counts only when its end was written', () => {
  expect(heartbeatsIn(`SYSLINUX\r\n${line}\r\nHB boot=465ed1ff n=4 disk=18 dev=vda1 up=5.09 host=we`).map(({ count }) => count)).toEqual([
    3,
  ]);
});

test('kernel modules are loaded after what they need, each once, and absent ones are left out', () => {
  const modulesDep = 'a/net.ko: b/core.ko c/ring.ko\nb/core.ko: c/ring.ko\nc/ring.ko:\nd/blk.ko: c/ring.ko\n';
  expect(inLoadOrder(modulesDep, ['net', 'absent', 'blk'])).toEqual(['c/ring.ko', 'b/core.ko', 'a/net.ko', 'd/blk.ko']);
});

test('an initramfs archive is made of aligned members and ends with a trailer', () => {
  const archive = cpioArchive([
    { type: 'directory', path: '/bin' },
    { type: 'file', path: '/bin/run', content: Buffer.from('hello'), executable: true },
    { type: 'symlink', path: '/bin/sh', target: 'run' },
  ]);
  expect(membersOf(archive)).toEqual([
    { name: 'bin', mode: 0o040755, content: '' },
    { name: 'bin/run', mode: 0o100755, content: 'hello' },
    { name: 'bin/sh', mode: 0o120777, content: 'run' },
    { name: 'TRAILER!!!', mode: 0, content: '' },
  ]);
});

function membersOf(archive: Buffer): { name: string; mode: number; content: string }[] {
  const members = [];
  for (let at = 0; at < archive.length;) {
    expect(archive.toString('latin1', at, at + 6)).toBe('070701');
    const field = (index: number): number => parseInt(archive.toString('latin1', at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const nameEnd = at + 110 + field(11);
    const contentAt = nameEnd + (-nameEnd & 3);
    const contentEnd = contentAt + field(6);
    members.push({
      name: archive.toString('latin1', at + 110, nameEnd - 1),
      mode: field(1),
      content: archive.toString('latin1', contentAt, contentEnd),
    });
    at = contentEnd + (-contentEnd & 3);
  }
  return members;
}
