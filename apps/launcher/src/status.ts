import { checked, instanceDocument, type InstanceDocument } from './instance/document.ts';
import { pathsIn } from './instance/paths.ts';
import { Problem } from './instance/problem.ts';
import { readSettings } from './instance/settings.ts';
import { readStatus } from './supervisor/status.ts';

/** How an instance is, for programs as JSON and for people as text. Says whether it runs. */
export async function status(
  wish: { readonly stateDir: string; readonly output: string },
  write: (line: string) => void,
  now: () => number,
): Promise<boolean> {
  const paths = pathsIn(wish.stateDir);
  const settings = await readSettings(paths).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EACCES') throw new Problem(`ostler status may not read ${paths.state}: run it as root.`);
    throw error;
  });
  if (!settings) throw new Problem(`There is no Ostler in ${paths.state}: ./ostler up makes one. Another one is named with --state-dir.`);
  const document = instanceDocument(paths, settings, await checked(await readStatus(paths.supervisor)), now());
  write(wish.output === 'json' ? JSON.stringify(document, undefined, 2) : asText(document));
  return document.running;
}

function asText(document: InstanceDocument): string {
  const lines = document.processes.map(({ name, pid, health, uptime }) => `  ${name.padEnd(12)} ${health.padEnd(11)} ${pid ?? '-'}  ${uptime === null ? '' : lasting(uptime)}`);
  return [document.running ? `Ostler serves at ${document.url}` : `Ostler in ${document.state_dir} does not serve`, ...lines].join('\n');
}

function lasting(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return hours > 0 ? `${hours} h ${minutes} min` : minutes > 0 ? `${minutes} min` : `${seconds} s`;
}
