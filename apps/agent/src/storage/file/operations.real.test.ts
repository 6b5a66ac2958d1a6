import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, open, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { NewVolume } from '@ostler/agent-contract/values';
import { freeLockspace, freeResource } from '@ostler/storage-format/lease';
import { parseVolumeMetadata } from '@ostler/storage-format/volume-metadata';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StorageDriver } from '../driver.ts';
import { disk } from './disk.ts';
import { fileDriver } from './driver.ts';
import { fileOperations } from './operations.ts';

const run = promisify(execFile);
const mebibyte = 2 ** 20;
const context = { signal: new AbortController().signal, progress: () => undefined };
const pool = randomUUID();
let directory: string;
let places = 0;
const drivers: StorageDriver[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ostler-file-'));
  await chmod(directory, 0o755);
});
afterAll(async () => {
  await Promise.all(drivers.map((driver) => driver.stop()));
  await rm(directory, { recursive: true });
});

async function emptyPlace(): Promise<string> {
  places += 1;
  const root = join(directory, `place-${places}`);
  await mkdir(root);
  await chown(root, 36, 36);
  return root;
}

/** As in production, or as ourselves and ended after one of its changes. */
function driverAt(root: string, how: { uid?: number; gid?: number; exitAt?: string } = {}): StorageDriver {
  const identityFile = join(directory, `identity-${drivers.length}.json`);
  const driver = fileDriver({ type: 'localfs', path: root }, { root, identityFile, ...how });
  drivers.push(driver);
  return driver;
}

const operations = (root: string) => fileOperations(root, disk());
const newDomain = (domain: string) => ({ domain, name: 'data', kind: 'data', type: 'LOCALFS', remotePath: '/data' }) as const;

const newVolume = (domain: string, different: Partial<NewVolume> = {}): NewVolume => ({
  domain,
  image: randomUUID(),
  volume: randomUUID(),
  format: 'cow',
  sparse: true,
  capacity: 8 * mebibyte,
  content: 'data',
  description: '',
  legal: true,
  ...different,
});
const referenceOf = ({ domain, image, volume }: NewVolume) => ({ domain, image, volume });

async function domainIn(root: string, id: string = randomUUID()): Promise<string> {
  await operations(root).createDomain(newDomain(id), context);
  return id;
}

const fileOf = (root: string, { domain, image, volume }: NewVolume) => join(root, domain, 'images', image, volume);
const metadataOf = async (root: string, volume: NewVolume) => parseVolumeMetadata(await readFile(`${fileOf(root, volume)}.meta`, 'utf8'));

/** Every file with its size, and what metadata say, except when it was made. */
async function treeOf(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const lines = entries.map(async (entry) => {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) return `${path.slice(root.length)}/`;
    const metadata = /\/metadata$|\.meta$/.test(path) ? (await readFile(path, 'utf8')).replace(/CTIME=\d+/, '') : '';
    return `${path.slice(root.length)} ${(await stat(path)).size} ${metadata}`;
  });
  return (await Promise.all(lines)).toSorted();
}

interface QemuInfo {
  readonly format: string;
  readonly 'virtual-size': number;
  readonly 'backing-filename'?: string;
}
const info = async (path: string): Promise<QemuInfo> => JSON.parse((await run('qemu-img', ['info', '--output=json', path])).stdout);

test('a domain is laid out as RHV lays it out, and belongs to 36:36', async () => {
  const root = await emptyPlace();
  const driver = driverAt(root);
  const domain = randomUUID();
  await driver.createDomain({ domain, name: 'data', kind: 'data' });
  await driver.attachDomain({ domain, pool, poolName: 'Default', master: true, masterVersion: 1 });
  const at = (path: string) => join(root, domain, path);
  expect(await readFile(at('dom_md/ids'))).toEqual(freeLockspace(domain));
  expect((await readFile(at('dom_md/metadata'), 'utf8')).split('\n')).toEqual(
    expect.arrayContaining([
      `SDUUID=${domain}`,
      'VERSION=5',
      'CLASS=Data',
      'ROLE=Master',
      `POOL_UUID=${pool}`,
      'TYPE=LOCALFS',
      `REMOTE_PATH=${root}`,
    ]),
  );
  for (const path of ['', 'dom_md', 'images', 'master/tasks', 'master/vms'])
    expect(await stat(at(path))).toMatchObject({ uid: 36, gid: 36, mode: 0o40775 });
  for (const path of ['dom_md/ids', 'dom_md/leases', 'dom_md/inbox', 'dom_md/outbox', 'dom_md/xleases'])
    expect(await stat(at(path))).toMatchObject({ uid: 36, gid: 36, mode: 0o100660 });
  expect(await driver.domainFacts(domain)).toMatchObject({ name: 'data', format: 'V5', pool, master: true });
  expect((await driver.check(domain)).available).toBeGreaterThan(0);
});

test('qemu-img finds every volume to be what was wished', async () => {
  const root = await emptyPlace();
  const driver = driverAt(root);
  const domain = randomUUID();
  await driver.createDomain({ domain, name: 'data', kind: 'data' });
  const cow = newVolume(domain, { description: 'a system' });
  const reserved = newVolume(domain, { sparse: false });
  const raw = newVolume(domain, { format: 'raw' });
  const thick = newVolume(domain, { format: 'raw', sparse: false });
  for (const volume of [cow, reserved, raw, thick]) {
    expect(await driver.createVolume(volume)).toMatchObject({
      ...referenceOf(volume),
      capacity: volume.capacity,
      legal: true,
      generation: 0,
    });
    const path = fileOf(root, volume);
    expect(await info(path)).toMatchObject({ format: volume.format === 'cow' ? 'qcow2' : 'raw', 'virtual-size': volume.capacity });
    expect(await readFile(`${path}.lease`)).toEqual(freeResource(domain, volume.volume));
    expect(await metadataOf(root, volume)).toMatchObject({ domain, image: volume.image, description: volume.description, role: 'LEAF' });
    expect(await stat(path)).toMatchObject({ uid: 36, gid: 36, mode: 0o100660 });
  }
  await run('qemu-img', ['check', '-q', fileOf(root, cow)]);
  expect((await stat(fileOf(root, raw))).blocks).toBe(0);
  expect((await stat(fileOf(root, thick))).blocks * 512).toBeGreaterThanOrEqual(thick.capacity);
  expect((await driver.listImages(domain)).toSorted()).toEqual([cow, reserved, raw, thick].map(({ image }) => image).toSorted());
});

test('a volume lies over its parent by a relative path, in its own image and in a template’s', async () => {
  const root = await emptyPlace();
  const driver = driverAt(root);
  const domain = randomUUID();
  await driver.createDomain({ domain, name: 'data', kind: 'data' });
  const template = newVolume(domain, { format: 'raw' });
  const lower = newVolume(domain, { parent: template });
  const upper = newVolume(domain, { image: lower.image, parent: lower });
  for (const volume of [template, { ...lower, parent: idsOf(template) }, { ...upper, parent: idsOf(lower) }])
    await driver.createVolume(volume);

  expect((await info(fileOf(root, lower)))['backing-filename']).toBe(`../${template.image}/${template.volume}`);
  expect((await info(fileOf(root, upper)))['backing-filename']).toBe(lower.volume);
  expect(await metadataOf(root, lower)).toMatchObject({ role: 'INTERNAL', parent: template.volume });
  const prepared = await driver.prepare(referenceOf(upper));
  expect(prepared.source).toEqual({ kind: 'file', path: fileOf(root, upper) });
  expect(prepared.below).toEqual([referenceOf(lower), referenceOf(template)]);
  // RHV's hosts find a template's volume in every image that is laid over it.
  expect((await stat(join(root, domain, 'images', lower.image, template.volume))).ino).toBe((await stat(fileOf(root, template))).ino);
  expect(await driver.createVolume({ ...lower, parent: idsOf(template) })).toMatchObject({ parent: template.volume });
});

const idsOf = ({ image, volume }: NewVolume) => ({ image, volume });

test('an honest image becomes legal once, a liar is refused with the reason and stays illegal', async () => {
  const root = await emptyPlace();
  const domain = await domainIn(root);
  const { createVolume, verifyVolume, volumeFacts } = operations(root);
  const wish = newVolume(domain, { legal: false });
  await createVolume(wish, context);
  const verify = (capacity: number) => verifyVolume({ ...referenceOf(wish), declared: { format: 'cow', capacity } }, context);
  await expect(verify(mebibyte)).rejects.toMatchObject({ code: 'image_lies', facts: { reason: 'wrong_virtual_size' } });
  await run('qemu-img', ['rebase', '-q', '-u', '-b', '/etc/hostname', '-F', 'raw', fileOf(root, wish)]);
  await expect(verify(wish.capacity)).rejects.toMatchObject({ code: 'image_lies', facts: { reason: 'backing_file' } });
  expect(await volumeFacts(referenceOf(wish), context)).toMatchObject({ legal: false, generation: 0 });
  await run('qemu-img', ['rebase', '-q', '-u', '-b', '', fileOf(root, wish)]);
  expect(await verify(wish.capacity)).toMatchObject({ legal: true, generation: 1 });
  expect(await verify(wish.capacity)).toMatchObject({ legal: true, generation: 1 });
});

test('a wiped image is overwritten where it was written, and its holes take no space', async () => {
  const root = await emptyPlace();
  const domain = await domainIn(root);
  const wish = newVolume(domain, { format: 'raw', capacity: 256 * mebibyte });
  await operations(root).createVolume(wish, context);
  await using file = await open(fileOf(root, wish), 'r+');
  await file.write(Buffer.from('a secret'), 0, 8, 128 * mebibyte);
  await operations(root).removeImage({ domain, image: wish.image, wipe: true }, context);
  // Its name is gone; whoever still holds it reads zeros.
  expect((await file.read(Buffer.alloc(8), 0, 8, 128 * mebibyte)).buffer).toEqual(Buffer.alloc(8));
  expect((await file.stat()).blocks * 512).toBeLessThan(mebibyte);
  expect(await readdir(join(root, domain, 'images'))).toEqual([]);
});

test('removing what is laid over a template leaves the template, wiped or not', async () => {
  const root = await emptyPlace();
  const domain = await domainIn(root);
  const { createVolume, removeImage } = operations(root);
  const template = newVolume(domain, { format: 'raw', capacity: mebibyte });
  const over = newVolume(domain, { parent: idsOf(template) });
  await createVolume(template, context);
  await writeFile(fileOf(root, template), Buffer.alloc(mebibyte, 7));
  await createVolume(over, context);
  await removeImage({ domain, image: over.image, wipe: true }, context);
  expect(await readFile(fileOf(root, template))).toEqual(Buffer.alloc(mebibyte, 7));
});

test('a domain whose metadata are damaged hides no other, and nothing is made over it', async () => {
  const root = await emptyPlace();
  const [damaged, whole] = [randomUUID(), randomUUID()];
  await mkdir(join(root, damaged, 'dom_md'), { recursive: true });
  await writeFile(join(root, damaged, 'dom_md', 'metadata'), 'VERSION=5\n_SHA_CKSUM=0\n');
  await expect(domainIn(root)).rejects.toMatchObject({ kind: 'checksum' });
  const other = await emptyPlace();
  await domainIn(other, whole);
  await run('cp', ['-a', join(other, whole), root]);
  expect((await operations(root).findDomains({}, context)).map(({ domain }) => domain)).toEqual([whole]);
});

test('what is on the storage leads nobody out of it', async () => {
  const root = await emptyPlace();
  const domain = await domainIn(root);
  const { createVolume, prepare, removeImage, volumeFacts } = operations(root);
  await expect(volumeFacts({ domain, image: '../..', volume: randomUUID() }, context)).rejects.toMatchObject({ code: 'bad_request' });
  const wish = newVolume(domain, { format: 'raw' });
  await createVolume(wish, context);
  const outside = join(directory, 'outside');
  await writeFile(outside, 'of the host');
  await rm(fileOf(root, wish));
  await symlink(outside, fileOf(root, wish));
  await expect(prepare(referenceOf(wish), context)).rejects.toMatchObject({ code: 'storage_failed' });
  await removeImage({ domain, image: wish.image, wipe: true }, context);
  expect(await readFile(outside, 'utf8')).toBe('of the host');
});

test('a storage that is full says so, and keeps nothing of what did not fit', async () => {
  const root = await emptyPlace();
  await run('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', root]);
  try {
    const domain = await domainIn(root);
    const before = await treeOf(root);
    for (const format of ['raw', 'cow'] as const)
      await expect(
        operations(root).createVolume(newVolume(domain, { format, sparse: false, capacity: 64 * mebibyte }), context),
      ).rejects.toMatchObject({
        code: 'no_space',
      });
    expect(await treeOf(root)).toEqual(before);
  } finally {
    await run('umount', [root]);
  }
});

interface Change {
  /** What is there before, made without interruption. */
  readonly given: (made: ReturnType<typeof operations>, ids: Ids) => Promise<unknown>;
  readonly change: (driver: StorageDriver, ids: Ids) => Promise<unknown>;
}
interface Ids {
  readonly domain: string;
  readonly base: NewVolume;
  readonly over: NewVolume;
}

const domainOnly: Change['given'] = ({ createDomain }, { domain }) => createDomain(newDomain(domain), context);
const withBase: Change['given'] = async (made, ids) => {
  await domainOnly(made, ids);
  await made.createVolume(ids.base, context);
};
const withBoth: Change['given'] = async (made, ids) => {
  await withBase(made, ids);
  await made.createVolume(ids.over, context);
};

const changes: Record<string, Change> = {
  'making a domain': {
    given: async () => undefined,
    change: (driver, { domain }) => driver.createDomain({ domain, name: 'data', kind: 'data' }),
  },
  'attaching a domain': {
    given: domainOnly,
    change: (driver, { domain }) => driver.attachDomain({ domain, pool, poolName: 'Default', master: true, masterVersion: 1 }),
  },
  'renaming a domain': { given: domainOnly, change: (driver, { domain }) => driver.renameDomain(domain, 'renamed') },
  'erasing a domain': { given: withBase, change: (driver, { domain }) => driver.formatDomain(domain) },
  'making a volume': { given: domainOnly, change: (driver, { base }) => driver.createVolume(base) },
  'making a raw volume': {
    given: domainOnly,
    change: (driver, { base }) => driver.createVolume({ ...base, format: 'raw', sparse: false }),
  },
  'laying a volume over a template': { given: withBase, change: (driver, { over }) => driver.createVolume(over) },
  'laying a volume over one of its image': {
    given: withBase,
    change: (driver, { base, over }) => driver.createVolume({ ...over, image: base.image }),
  },
  'distrusting a volume': {
    given: async (made, ids) => {
      await domainOnly(made, ids);
      await made.createVolume({ ...ids.base, legal: true }, context);
    },
    change: (driver, { base }) => driver.markIllegal(referenceOf(base)),
  },
  'growing a volume': { given: withBase, change: (driver, { base }) => driver.extendVolume(referenceOf(base), 16 * mebibyte) },
  'describing a volume': { given: withBase, change: (driver, { base }) => driver.describeVolume(referenceOf(base), 'new') },
  'verifying a volume': {
    given: withBase,
    change: (driver, { base }) => driver.verifyVolume(referenceOf(base), { declared: { format: 'cow', capacity: base.capacity } }),
  },
  'removing an image': {
    given: withBoth,
    change: (driver, { domain, over }) => driver.removeImage({ domain, image: over.image }, { wipe: false }),
  },
  'wiping an image': {
    given: withBoth,
    change: (driver, { domain, base }) => driver.removeImage({ domain, image: base.image }, { wipe: true }),
  },
};

const self = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

test.each(Object.entries(changes))(
  '%s may end anywhere: done again, it is as if it had been done once',
  async (_what, { given, change }) => {
    const domain = randomUUID();
    const base = newVolume(domain, { legal: false });
    const ids: Ids = { domain, base, over: newVolume(domain, { parent: idsOf(base) }) };
    const once = await emptyPlace();
    await given(operations(once), ids);
    const whole = driverAt(once, self);
    const answer = await change(whole, ids);
    const expected = await treeOf(once);
    let interrupted = 0;
    // Before the first change nothing has happened; before every other is after the one that precedes it.
    for (;;) {
      const root = await emptyPlace();
      await given(operations(root), ids);
      const dying = driverAt(root, { ...self, exitAt: `after ${interrupted + 1}` });
      const outcome = await change(dying, ids).then(
        () => 'survived',
        (error: unknown) => error,
      );
      if (outcome === 'survived') break;
      expect(outcome).toMatchObject({ code: 'storage_failed' });
      interrupted += 1;
      const again = driverAt(root, self);
      expect(await change(again, ids)).toEqual(withoutSpace(answer));
      expect(withoutPlace(await treeOf(root), root)).toEqual(withoutPlace(expected, once));
      await Promise.all([dying.stop(), again.stop()]);
    }
    expect(interrupted).toBeGreaterThan(0);
    await whole.stop();
  },
  120_000,
);

/** How full the test machine's disk is changes meanwhile. */
function withoutSpace(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('available' in answer)) return answer;
  return { ...answer, available: expect.any(Number) };
}

/** The metadata of a domain know where it lies, and their checksum that. */
const withoutPlace = (tree: readonly string[], root: string) =>
  tree.map((line) =>
    line
      .replace(root, '')
      .replace(/ \d+ (?=[A-Z])/, ' ')
      .replace(/_SHA_CKSUM=\w+/, ''),
  );

test('a removal that nobody repeats is ended by a sweep', async () => {
  const root = await emptyPlace();
  const domain = await domainIn(root);
  const { createVolume, listImages, sweep } = operations(root);
  for (const wipe of [false, true]) {
    const wish = newVolume(domain);
    await createVolume(wish, context);
    await expect(driverAt(root, { ...self, exitAt: 'after 1' }).removeImage(wish, { wipe })).rejects.toMatchObject({
      code: 'storage_failed',
    });
    expect(await listImages({ domain }, context)).toEqual([]);
    expect(await readdir(join(root, domain, 'images'))).toHaveLength(1);
    await sweep({ domain }, context);
    expect(await readdir(join(root, domain, 'images'))).toEqual([]);
  }
});
