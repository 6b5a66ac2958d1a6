/** CPU time that processes used, from /proc. Ticks of 10 ms: too coarse for what takes less than a second. */
import { readdirSync, readFileSync } from 'node:fs';

type Process = { readonly parent: number; readonly name: string; readonly ticks: number };

/** Seconds by role, of a process and all its descendants: `roleOf` sees each one's pid, name and its parent's role. Ended children count for who waited for them. */
export function cpuByRole(root: number, roleOf: (pid: number, name: string, parent: string) => string): Map<string, number> {
  const all = processes();
  const children = Map.groupBy(all, ([, { parent }]) => parent);
  const seconds = new Map<string, number>();
  const add = (pid: number, one: Process, parentsRole: string) => {
    const role = roleOf(pid, one.name, parentsRole);
    seconds.set(role, (seconds.get(role) ?? 0) + one.ticks / 100);
    for (const [child, process] of children.get(pid) ?? []) add(child, process, role);
  };
  const start = all.find(([pid]) => pid === root);
  if (start) add(root, start[1], '');
  return seconds;
}

function processes(): [number, Process][] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name): [number, Process][] => {
      const stat = tryRead(`/proc/${name}/stat`);
      if (!stat) return [];
      // After the command's name in parentheses: state, parent, …, and user, system, children's user and system time.
      const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')];
      const fields = stat
        .slice(close + 2)
        .split(' ')
        .map(Number);
      const ticks = [11, 12, 13, 14].reduce((sum, index) => sum + (fields[index] ?? 0), 0);
      return [[Number(name), { parent: fields[1] ?? 0, name: stat.slice(open + 1, close), ticks }]];
    });
}

function tryRead(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // It has ended since the directory was read.
    return undefined;
  }
}
