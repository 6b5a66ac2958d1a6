/** The level of RHV's API that clients find here: they look at it before they use what came with a version. */
export const product = {
  name: 'Ostler',
  vendor: 'Ostler',
  version: { major: 4, minor: 5, build: 0, revision: 0, full_version: '4.5.0-ostler' },
} as const;
