import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bench, type Bench } from './gateway.test-support.ts';
import { readPortal } from './portal.ts';

let directory: string;
let door: Bench;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-portal-'));
  await mkdir(join(directory, 'assets'));
  await writeFile(join(directory, 'index.html'), '<!doctype html><title>Portal</title>');
  await writeFile(join(directory, 'assets/index-1a2b.js'), 'console.log("portal")'.repeat(100));
  door = await bench({}, { portal: await readPortal(directory) });
});
afterAll(async () => {
  await door.stop();
  await rm(directory, { recursive: true });
});

test.each(['/', '/ovirt-engine', '/ovirt-engine/', '/ovirt-engine/webadmin/', '/portal', '/?x=1'])(
  '%s leads to the portal',
  async (path) => {
    expect(await door.ask(path)).toMatchObject({ status: 302, headers: { location: '/portal/' } });
  },
);

test.each(['/portal/', '/portal/vms', '/portal/vms/123/disks?q=name%3Dweb'])(
  '%s is the page, which is asked for every time',
  async (path) => {
    const { status, headers, text } = await door.ask(path);
    expect({ status, text }).toEqual({ status: 200, text: '<!doctype html><title>Portal</title>' });
    expect(headers['cache-control']).toBe('no-cache');
    expect(headers['content-security-policy']).toContain("script-src 'self';");
    expect(headers['content-security-policy']).not.toContain('unsafe');
  },
);

test('what has a hash in its name is kept for ever, and travels compressed to whoever takes that', async () => {
  const plain = await door.ask('/portal/assets/index-1a2b.js');
  expect(plain).toMatchObject({ status: 200, headers: { 'cache-control': expect.stringContaining('immutable') } });
  expect(plain.text).toHaveLength(2100);
  const small = await door.ask('/portal/assets/index-1a2b.js', { headers: { 'accept-encoding': 'gzip' } });
  expect(small.headers).toMatchObject({ 'content-encoding': 'gzip' });
  expect(Number(small.headers['content-length'])).toBeLessThan(200);
});

test.each(['/portal/assets/gone-0000.js', '/portal/../etc/passwd.txt', '/portal/favicon.ico'])('%s is not there', async (path) => {
  expect((await door.ask(path)).status).toBe(404);
});

test('the portal is only read', async () => {
  expect((await door.ask('/portal/', { method: 'POST', body: 'x' })).status).toBe(405);
});

test('a directory without a built portal is refused at the start', async () => {
  await expect(readPortal(join(directory, 'assets'))).rejects.toThrow('index.html');
});
