import { defineConfig } from 'vitest/config';

const everywhere = (name: string): string[] => [`{apps,packages}/*/src/**/${name}`, `{lab,bench}/src/**/${name}`];

/**
 * Three projects: `pure` needs nothing but Node and runs in parallel; `real` talks to libvirt, QEMU and
 * PostgreSQL, so its files run one after another and may take their time; `long` is what takes too much of it
 * for every day, and runs with `./ostler test --long`.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: everywhere('*.test.ts'),
          exclude: ['**/*.real.test.ts', '**/node_modules/**'],
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'real',
          include: everywhere('*.real.test.ts'),
          exclude: ['**/*.long.real.test.ts', '**/node_modules/**'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'long',
          include: everywhere('*.long.real.test.ts'),
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 1_800_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
