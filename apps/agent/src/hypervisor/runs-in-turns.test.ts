import { quietRun } from '@ostler/agent-contract/conformance';
import { domainXml } from '@ostler/domain-xml/write';
import type { Connection } from '@ostler/libvirt/connection';
import { LibvirtError, libvirtErrorCodes } from '@ostler/libvirt/errors';
import { expect, test } from 'vitest';
import { inTurns } from './runs-in-turns.ts';
import { knownRuns } from './runs.ts';
import { specOf, type HostForDomains } from './spec.ts';

const host: HostForDomains = {
  instance: 'test',
  acceleration: { kind: 'tcg', because: 'test' },
  machines: ['pc-q35-7.2'],
  uefi: { plain: undefined, secureBoot: undefined },
  networks: [],
  vncDirectory: '/run/vnc',
  nvramDirectory: '/var/nvram',
  hardwareUuid: '9b1c2d3e-1111-4222-8333-944455566677',
  hugePages: [],
};

test('a run that is forgotten is not brought back by a look that was under way, nor by what was learned meanwhile', async () => {
  const run = quietRun();
  const written = Promise.withResolvers<void>();
  const writing = Promise.withResolvers<void>();
  let slow = false;
  const journal = {
    run: () => undefined,
    noteRun: () => {
      if (!slow) return Promise.resolve();
      writing.resolve();
      return written.promise;
    },
  };
  const runs = inTurns(knownRuns({ instance: 'test', journal, publish: () => undefined, now: () => 0 }));
  let defined = true;
  const answers: Record<string, () => unknown> = {
    domainLookupByUUID: () => ({ name: run.name, uuid: run.vm, id: 1 }),
    domainGetState: () => ({ state: 1, reason: 1 }),
    domainGetXMLDesc: () => domainXml(specOf(run, host, new Map())),
  };
  const call = (async (name: string) => {
    if (!defined) throw new LibvirtError(name, { code: libvirtErrorCodes.noDomain, domain: 10, level: 2, message: 'no' });
    return answers[name]?.();
  }) as unknown as Connection['call'];
  await runs.look({ call }, run.vm);
  expect(runs.get(run.vm)?.run).toBe(run.run);

  slow = true;
  const looking = runs.look({ call }, run.vm);
  await writing.promise;
  const learning = runs.learn(run.vm, { byHost: true });
  const forgetting = runs.forget(run.vm);
  defined = false;
  written.resolve();
  await Promise.all([looking, learning, forgetting]);
  expect(runs.get(run.vm)).toBeUndefined();
  expect(await runs.look({ call }, run.vm)).toBeUndefined();
});
