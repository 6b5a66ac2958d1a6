import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { startAgent } from './agent.ts';
import { readConfig } from './config.ts';
import { enroll, readToken } from './enroll.ts';

/**
 * The agent's doors: `serve --config FILE` until SIGTERM, and `enroll --config FILE --manager URL --manager-ca FILE --token-file FILE`.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    config: { type: 'string' },
    manager: { type: 'string' },
    'manager-ca': { type: 'string' },
    'token-file': { type: 'string' },
  },
});
const usage = 'usage: agent serve --config FILE | agent enroll --config FILE --manager URL --manager-ca FILE --token-file FILE\n';
const [command] = positionals;
const tell = (facts: object) => process.stdout.write(`${JSON.stringify(facts)}\n`);

if (command === 'serve' && values.config !== undefined) await serve(values.config);
else if (command === 'enroll' && values.config !== undefined && values.manager !== undefined) await enrollOnce(values.config, values.manager);
else {
  process.stderr.write(usage);
  process.exitCode = 2;
}

async function serve(path: string): Promise<void> {
  const log = pino({ name: 'agent' });
  const agent = await startAgent({ config: await readConfig(path), log, now: Date.now });
  tell({ ready: true, port: agent.port });
  const end = () => {
    // Whatever hangs (a mount, a QEMU) must not keep the agent from ending.
    setTimeout(() => process.exit(1), 8_000).unref();
    void agent.stop().then(() => process.exit(0));
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end);
}

async function enrollOnce(path: string, manager: string): Promise<void> {
  const { 'manager-ca': ca, 'token-file': token } = values;
  if (ca === undefined || token === undefined) {
    process.stderr.write(usage);
    process.exitCode = 2;
    return;
  }
  try {
    const config = await readConfig(path);
    tell({ ready: true, ...(await enroll({ config, manager, ca: await readFile(ca, 'utf8'), token: await readToken(token) })) });
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
