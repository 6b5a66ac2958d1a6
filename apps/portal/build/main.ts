import { builtPortal } from './build.ts';

/** Builds the portal where it is not built yet, and says in a line of JSON where it is. */
process.stdout.write(`${JSON.stringify(await builtPortal())}\n`);
process.exit();
