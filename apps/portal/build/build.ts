import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, readdir, rename, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { build } from 'vite';

const portal = join(import.meta.dirname, '..');
const root = join(portal, '../..');
const cache = join(root, 'node_modules/.cache/ostler-portal');

/** What the built portal is made of. */
const sources = ['apps/portal', 'packages/contract/src', 'packages/domain/src', 'package-lock.json'];

export interface BuiltPortal {
  readonly directory: string;
  /** Whether it had to be built. */
  readonly built: boolean;
}

/** The portal's files for the sources as they are now: from the cache, or built into it. */
export async function builtPortal(): Promise<BuiltPortal> {
  const directory = join(cache, await digest());
  if (await exists(join(directory, 'index.html'))) return { directory, built: false };
  await mkdir(cache, { recursive: true });
  const scratch = join(cache, `building-${randomUUID()}`);
  const before = process.env['NODE_ENV'];
  try {
    // React's own build looks at it, and a test's environment would bring the slow one with all its warnings.
    process.env['NODE_ENV'] = 'production';
    await build({
      root: portal,
      configFile: join(portal, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: scratch, emptyOutDir: true },
    });
    await removeOthers(scratch);
    // Who was faster has built the same.
    await rename(scratch, directory).catch(async (error: unknown) => {
      if (!(await exists(directory))) throw error;
    });
  } finally {
    restore(before);
    await rm(scratch, { recursive: true, force: true });
  }
  return { directory, built: true };
}

function restore(before: string | undefined): void {
  if (before === undefined) delete process.env['NODE_ENV'];
  else process.env['NODE_ENV'] = before;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function digest(): Promise<string> {
  const hash = createHash('sha256');
  for (const source of sources)
    for (const path of (await filesBelow(join(root, source))).toSorted())
      hash.update(`${relative(root, path)}\0`).update(await readFile(path));
  return hash.digest('hex').slice(0, 32);
}

async function filesBelow(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOTDIR') return undefined;
    throw error;
  });
  if (!entries) return [path];
  return entries
    .filter((entry) => entry.isFile() && !/node_modules|\.test(-support)?\.tsx?$/.test(join(entry.parentPath, entry.name)))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Older builds; instances have copies of theirs. What somebody else is building stays. */
async function removeOthers(scratch: string): Promise<void> {
  for (const name of await readdir(cache))
    if (join(cache, name) !== scratch && !name.startsWith('building-')) await rm(join(cache, name), { recursive: true, force: true });
}
