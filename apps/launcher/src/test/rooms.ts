import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { output } from '../command.ts';
import { inRoot, root, tool } from '../root.ts';

/**
 * Who imports whom, checked by dependency-cruiser. A checker that cannot read TypeScript reports no violation at all, so it must
 * have seen a plausible number of modules, and find violations of each rule that are planted beside the real code.
 */
export async function checkRooms(): Promise<string> {
  const rooms = ['apps', 'packages', 'lab', 'bench'];
  const { modules, violations } = await cruise(root, rooms);
  if (violations.length > 0) throw new Error(violations.map(({ rule, from, to }) => `${rule}: ${from} imports ${to}`).join('\n'));
  if (modules < fewestModules) throw new Error(`dependency-cruiser saw only ${modules} modules, of at least ${fewestModules}: it has not read the code.`);
  const missed = await plantedViolationsMissed();
  if (missed.length > 0) throw new Error(`dependency-cruiser did not find the planted violations of ${missed.join(', ')}.`);
  return `${modules} modules`;
}

const fewestModules = 300;

interface Violation {
  readonly rule: string;
  readonly from: string;
  readonly to: string;
}

async function cruise(directory: string, folders: readonly string[]): Promise<{ modules: number; violations: readonly Violation[] }> {
  // With the JSON reporter the exit code is that of the run, not of what it found.
  const args = ['--config', inRoot('.dependency-cruiser.mjs'), '--output-type', 'json', '--progress', 'none', ...folders];
  const result: unknown = JSON.parse(await output(tool('depcruise'), args, { cwd: directory, deadline: 120_000 }));
  const found = result as { modules: { source: string }[]; summary: { violations: { rule: { name: string }; from: string; to: string }[] } };
  return {
    modules: found.modules.filter(({ source }) => /^(apps|packages|lab|bench)\//.test(source)).length,
    violations: found.summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
  };
}

/** Files that break every rule, one of them behind a `using`, which the reader once choked on. */
const planted: Readonly<Record<string, string>> = {
  'packages/domain/src/rule.ts': "import { pki } from '../../pki/src/pki.ts';\nexport const rule = pki;\n",
  'packages/pki/src/pki.ts': "import { other } from './other.ts';\nimport '../../contract/src/contract.ts';\nexport const pki = other;\n",
  'packages/pki/src/other.ts': "import { pki } from './pki.ts';\nimport './nowhere.ts';\nexport const other = () => pki;\n",
  'packages/contract/src/contract.ts': "import '../../../apps/manager/src/vm/store.ts';\n",
  'apps/manager/src/vm/store.ts': 'export const store = 1;\n',
  'apps/manager/src/disk/store.ts':
    "export async function open(make: () => Disposable) {\n  using held = make();\n  return [held, await import('../vm/store.ts')];\n}\n",
  'apps/agent/src/agent.ts': "import '../../manager/src/vm/store.ts';\n",
  'apps/cli/src/cli.ts': "import '../../../packages/pki/src/pki.ts';\n",
  'packages/image-io/src/client.ts': 'export const client = 1;\n',
  'apps/portal/src/page.tsx': "import '../../../packages/image-io/src/client.ts';\nexport const Page = () => <p>a page</p>;\n",
};

const plantedRules = [
  'no-circles',
  'domain-imports-nothing',
  'packages-import-at-most-domain',
  'packages-never-import-apps',
  'portal-and-cli-know-the-contract-only',
  'portal-moves-no-images-by-itself',
  'apps-import-packages-only',
  'nouns-through-service',
  'unresolvable',
];

async function plantedViolationsMissed(): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'ostler-rooms-'));
  try {
    for (const [path, text] of Object.entries(planted)) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    const { violations } = await cruise(directory, ['apps', 'packages']);
    const found = new Set(violations.map(({ rule }) => rule));
    return plantedRules.filter((rule) => !found.has(rule));
  } finally {
    await rm(directory, { recursive: true });
  }
}
