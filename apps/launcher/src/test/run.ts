import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished, output } from '../command.ts';
import { packages, provide } from '../debian.ts';
import { othersReach } from '../program.ts';
import { root, tool } from '../root.ts';
import { countOf, sum, type Count } from './count.ts';
import { checkRooms } from './rooms.ts';

export interface TestWish {
  /** Also what takes longer than the ordinary run may: `*.long.real.test.ts`, and others see OSTLER_LONG=1. */
  readonly long: boolean;
  /** Parts of file names, as Vitest takes them. With any, only tests run, and only these. */
  readonly filters: readonly string[];
}

/** Everything that says whether the code is in order. The last line that is written counts it. */
export async function runTests(wish: TestWish, write: (line: string) => void, now: () => number): Promise<Count> {
  const start = now();
  const check = async (name: string, work: () => Promise<string>): Promise<Count> => {
    const began = now();
    const took = () => `${((now() - began) / 1000).toFixed(1)} s`;
    try {
      write(`✓ ${name}: ${await work()} (${took()})`);
      return { passed: 1, failed: 0 };
    } catch (error) {
      write(`✗ ${name} (${took()})\n${error instanceof Error ? error.message : String(error)}`);
      return { passed: 0, failed: 1 };
    }
  };
  const all = wish.filters.length === 0;
  const counts: Count[] = [await check('Debian packages', () => installForTests(wish, write))];
  // Two cores: the checks take about as long as the pure tests do, side by side.
  const checks = async (): Promise<Count[]> => [
    await check('types', () => quiet('tsc', ['--noEmit', '-p', 'tsconfig.json'])),
    await check('types of the portal', () => quiet('tsc', ['--noEmit', '-p', 'apps/portal/tsconfig.json'])),
    await check('lint', () => quiet('oxlint', ['--quiet'])),
    await check('rooms', checkRooms),
    // What nobody uses; hints about the configuration itself are no fault of the code.
    await check('unused', () => quiet('knip', ['--no-progress', '--no-config-hints'])),
  ];
  const [checked, pure] = await Promise.all([all ? checks() : [], vitest('pure', wish)]);
  counts.push(...checked, pure, await vitest('real', wish));
  if (wish.long) counts.push(await vitest('long', wish));
  const total = sum(counts);
  write(`${((now() - start) / 1000).toFixed(0)} s`);
  write(`${total.passed} passed, ${total.failed} failed`);
  return total;
}

async function installForTests({ long }: TestWish, write: (line: string) => void): Promise<string> {
  const wanted = [...packages.host, ...packages.database, ...packages.guest, ...packages.tests, ...(long ? packages.longTests : []), ...packages.browser];
  return provide(wanted, 'ostler test', write, () => undefined);
}

async function quiet(program: string, args: readonly string[]): Promise<string> {
  await output(tool(program), args, { cwd: root, deadline: 300_000 });
  return 'in order';
}

async function vitest(project: 'pure' | 'real' | 'long', wish: TestWish): Promise<Count> {
  const scratch = await mkdtemp(join(tmpdir(), 'ostler-test-'));
  const report = join(scratch, 'report.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
    const command = [tool('vitest'), 'run', '--project', project, '--passWithNoTests', ...reporters, ...wish.filters];
    const [program, args] = (await othersReach(root)) ? [tool('vitest'), command.slice(1)] : withinReach(scratch, command);
    const { status } = await finished(program, args, {
      cwd: root,
      env: { ...process.env, ...(wish.long && { OSTLER_LONG: '1' }) },
      deadline: wish.long ? 4 * 3_600_000 : 1_500_000,
      show: true,
    });
    const text = await readFile(report, 'utf8').catch(() => 'null');
    return countOf(JSON.parse(text), status);
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** Storage is handled by another user, who may not enter /root, for one: for him the project appears in a place of its own meanwhile. */
function withinReach(scratch: string, command: readonly string[]): [string, string[]] {
  const script = 'chmod 755 "$1"; mkdir "$1/ostler"; mount --bind "$2" "$1/ostler"; cd "$1/ostler"; shift 2; exec "$@"';
  const moved = command.map((part) => (part.startsWith(`${root}/`) ? join(scratch, 'ostler', part.slice(root.length + 1)) : part));
  return ['unshare', ['--mount', '--propagation', 'slave', '--', 'sh', '-ec', script, 'sh', scratch, root, ...moved]];
}
