import { defineConfig } from 'vitest/config';

/**
 * Two projects: `pure` needs nothing but Node and runs in parallel; `real` talks to libvirt, QEMU and
 * PostgreSQL, so its files run one after another and may take their time.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'pure',
          include: ['{apps,packages}/*/src/**/*.test.ts', '{lab,bench}/src/**/*.test.ts'],
          exclude: ['**/*.real.test.ts', '**/node_modules/**'],
          pool: 'forks',
        },
      },
      {
        test: {
          name: 'real',
          include: ['{apps,packages}/*/src/**/*.real.test.ts', '{lab,bench}/src/**/*.real.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
