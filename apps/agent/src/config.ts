import { readFile } from 'node:fs/promises';
import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';

/** What an agent is started with, as a JSON file. Paths, not contents: keys stay in files of their own. */
const Listen = Type.Object({ address: Type.String({ minLength: 1 }), port: Type.Integer({ minimum: 0, maximum: 65535 }) });
const Text = Type.String({ minLength: 1 });

const AgentConfig = Type.Object({
  /** Journal, identities of processes, mounts, firmware variables: all that outlives the agent. */
  stateDir: Type.String({ pattern: '^/' }),
  hostName: Text,
  listen: Listen,
  images: Listen,
  consoles: Listen,
  libvirt: Type.Object({ socket: Type.String({ pattern: '^/' }) }),
  pki: Type.Object({ caCert: Text, cert: Text, key: Text }),
  /** `device` is the Linux bridge; for `nat` also the name of libvirt's network. */
  networks: Type.Array(
    Type.Object({
      name: Text,
      kind: Type.Enum(['nat', 'bridge']),
      device: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,14}$' }),
    }),
  ),
  /** Under which address the manager and the gateways reach this host. */
  advertise: Text,
  /** Processes of the image server. */
  workers: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
  /** In place of the machine's own: several agents on one machine are several hosts. */
  hardwareUuid: Type.Optional(Type.String({ pattern: '^[0-9a-f-]{36}$' })),
});
export type AgentConfig = Static<typeof AgentConfig>;

const validator = Compile(AgentConfig);

export async function readConfig(path: string): Promise<AgentConfig> {
  const config: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (validator.Check(config)) return config;
  const [first] = [...validator.Errors(config)];
  throw new Error(`${path}: ${first?.instancePath.slice(1).replaceAll('/', '.') || 'it'} ${first?.message ?? 'is not a configuration'}`);
}
