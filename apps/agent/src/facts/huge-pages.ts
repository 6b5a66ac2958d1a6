import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** KiB: the sizes of huge pages that the kernel holds any of. They are set aside by the host's administrator, at boot for the largest. */
export async function hugePageSizes(directory = '/sys/kernel/mm/hugepages'): Promise<number[]> {
  const names = await readdir(directory).catch((): string[] => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const held = Number(await readFile(join(directory, name, 'nr_hugepages'), 'utf8').catch(() => '0'));
      return held > 0 ? Number(/^hugepages-(\d+)kB$/.exec(name)?.[1] ?? 0) : 0;
    }),
  );
  return found.filter((size) => size > 0);
}
