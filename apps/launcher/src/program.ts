import { mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { finished, output } from './command.ts';
import { inRoot } from './root.ts';

/** RHV's vdsm:kvm: image servers and storage processes run by this number, and so must be able to read their own code. */
const storageUser = ['--reuid=36', '--regid=36', '--clear-groups'];

/** Whether the program lies where those processes can reach it: below /root, for one, it does not. Tried, not deduced. */
export async function othersReach(directory: string): Promise<boolean> {
  for (const [test, file] of [['-x', 'node_modules/.bin/node'], ['-r', 'apps/agent/src/main.ts']] as const) {
    const { status } = await finished('setpriv', [...storageUser, '--', 'test', test, join(directory, file)], { cwd: '/', deadline: 10_000 });
    if (status !== 0) return false;
  }
  return true;
}

/**
 * Sources and the npm packages that they run on, readable for everybody. What is there is replaced as a whole: a newer version
 * must not find leftovers of an older one. Processes that still run keep the files that they have opened.
 */
export async function copyProgram(target: string): Promise<void> {
  const [draft, old] = [`${target}.new`, `${target}.old`];
  for (const directory of [draft, old]) await rm(directory, { recursive: true, force: true });
  const copies = new Map<string, string[]>();
  for (const path of ['ostler', 'package.json', 'package-lock.json', 'LICENSE', 'apps', 'packages', ...(await runtimePackages())]) {
    const directory = join(draft, dirname(path));
    copies.set(directory, [...(copies.get(directory) ?? []), inRoot(path)]);
  }
  for (const [directory, sources] of copies) {
    await mkdir(directory, { recursive: true });
    await output('cp', ['--archive', '--reflink=auto', '--target-directory', directory, '--', ...sources], { deadline: 300_000 });
  }
  await mkdir(join(draft, 'node_modules/.bin'), { recursive: true });
  await symlink(await nodePackage(), join(draft, 'node_modules/.bin/node'));
  await output('chmod', ['-R', 'u=rwX,go=rX', draft], { deadline: 60_000 });
  await output('chown', ['-R', 'root:root', draft], { deadline: 60_000 });
  await rename(target, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(draft, target);
  await rm(old, { recursive: true, force: true });
}

interface LockedPackage {
  readonly dev?: boolean;
  readonly link?: boolean;
  readonly resolved?: string;
}

/** What is installed and not only for developing. Nested ones come with those that they lie in. */
async function runtimePackages(): Promise<readonly string[]> {
  const lock: { packages: Record<string, LockedPackage> } = JSON.parse(await readFile(inRoot('package-lock.json'), 'utf8'));
  const there = await Promise.all(
    Object.entries(lock.packages)
      .filter(([path, { dev }]) => path.lastIndexOf('node_modules/') === 0 && !dev)
      .filter(([, { link, resolved = '' }]) => !link || /^(apps|packages)\//.test(resolved))
      .map(async ([path]) => ((await finished('test', ['-e', inRoot(path)], { deadline: 10_000 })).status === 0 ? [path] : [])),
  );
  return there.flat();
}

/** Relative to node_modules/.bin. */
async function nodePackage(): Promise<string> {
  const path = await output('realpath', [inRoot('node_modules/.bin/node')], { deadline: 10_000 });
  return join('..', path.trim().slice(inRoot('node_modules').length + 1));
}
