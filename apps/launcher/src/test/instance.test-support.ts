import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Client } from '@ostler/contract/client';
import { finished, output, type Finished } from '../command.ts';
import type { InstanceDocument } from '../instance/document.ts';
import { connect } from '../instance/first-host.ts';
import { pathsIn, type Paths } from '../instance/paths.ts';
import { readSettings } from '../instance/settings.ts';
import { inRoot } from '../root.ts';

/** An Ostler of a test's own, started by the script that everybody starts it with. */
export interface TestInstance {
  readonly paths: Paths;
  readonly port: number;
  /** Starts it, or starts it again. */
  up(...more: string[]): Promise<Finished>;
  down(...more: string[]): Promise<Finished>;
  status(): Promise<InstanceDocument>;
  virsh(...args: string[]): Promise<string>;
  api(): Promise<Client>;
  /** Ends everything that is left and removes the state. */
  remove(): Promise<void>;
}

export async function testInstance(): Promise<TestInstance> {
  const state = await mkdtemp('/var/tmp/ostler-up-');
  await chmod(state, 0o755);
  const paths = pathsIn(state);
  const port = await freePort();
  const ostler = (...args: string[]) => finished(inRoot('ostler'), [...args, '--state-dir', state], { deadline: 300_000, cwd: '/' });
  const status = async (): Promise<InstanceDocument> => JSON.parse((await ostler('status', '--output', 'json')).stdout);
  return {
    paths,
    port,
    up: (...more) => ostler('up', '--detach', '--port', String(port), ...more),
    down: (...more) => ostler('down', ...more),
    status,
    virsh: async (...args) => output('virsh', ['--quiet', '--connect', (await status()).libvirt_uri, ...args]),
    api: async () => {
      const settings = await readSettings(paths);
      if (!settings) throw new Error('The instance was never started');
      return connect(paths, settings);
    },
    remove: async () => {
      await ostler('down', '--vms');
      await rm(state, { recursive: true, force: true });
    },
  };
}

/** Free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** The commands of one of the README's tours, as they stand there. */
export function tourIn(readme: string, name: string): string {
  const found = new RegExp(`<!-- tour: ${name} -->\\n\`\`\`bash\\n(.*?)\`\`\``, 's').exec(readme)?.[1];
  if (found === undefined) throw new Error(`The README has no tour ${name}`);
  return found;
}

/** Runs commands as a person would type them, in a directory, and stops at the first that fails. */
export const bash = (commands: string, directory: string, state: string): Promise<string> =>
  output('bash', ['-e', '-o', 'pipefail', '-c', commands], {
    cwd: directory,
    env: { ...process.env, OSTLER_STATE_DIR: state, PATH: `${inRoot('.')}:${process.env['PATH']}`, HOME: join(directory, 'home') },
    deadline: 240_000,
  });
