import { cp, rename, rm } from 'node:fs/promises';
import { output } from '../command.ts';
import { inRoot, tool } from '../root.ts';
import type { Paths } from './paths.ts';

/** Gives the instance the portal of these sources, building it first where nobody has. Returns what there was to do. */
export async function placePortal(paths: Paths): Promise<string> {
  const said: unknown = JSON.parse(await output(tool('node'), [inRoot('apps/portal/build/main.ts')], { cwd: inRoot(), deadline: 300_000 }));
  if (!isBuilt(said)) throw new Error('The build of the portal did not say where it is.');
  const next = `${paths.portal}.new`;
  await rm(next, { recursive: true, force: true });
  await cp(said.directory, next, { recursive: true });
  await rm(paths.portal, { recursive: true, force: true });
  await rename(next, paths.portal);
  return said.built ? 'built' : 'built before';
}

const isBuilt = (said: unknown): said is { directory: string; built: boolean } =>
  typeof said === 'object' && said !== null && 'directory' in said && 'built' in said && typeof said.directory === 'string';
