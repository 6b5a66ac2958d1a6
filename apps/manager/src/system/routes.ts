import { apiLinks, href } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { permits } from '@ostler/domain/access/permits';
import { cpuTypesOf } from '@ostler/domain/cluster/cpu-types';
import { compatibilityLevels, newestLevel } from '@ostler/domain/datacenter/rules';
import { fixedIds } from '@ostler/domain/fixed-ids';
import { operatingSystems, type OperatingSystem } from '@ostler/domain/operating-system/catalogue';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { systemOptions } from './options.ts';
import { product } from './product.ts';
import { summary } from './store.ts';

const entry = serve('system', {
  async get({ db, reader, now }) {
    const reference = { id: reader.user.id, href: href('user', { user: reader.user.id }) };
    const counts = await summary(db, reader);
    return {
      link: apiLinks(),
      product_info: product,
      special_objects: {
        blank_template: { id: fixedIds.blankTemplate, href: href('template', { template: fixedIds.blankTemplate }) },
        root_tag: { id: fixedIds.rootTag, href: href('tag', { tag: fixedIds.rootTag }) },
      },
      // As in RHV, how much there is altogether is not for those who see only a part of it.
      ...(!reader.filtered && {
        summary: { vms: counts.vms, hosts: counts.hosts, users: counts.users, storage_domains: counts.storageDomains },
      }),
      time: new Date(now()),
      authenticated_user: reference,
      effective_user: reference,
    };
  },
});

const systems = serve('operating_systems', { list: ({ parameters }) => operatingSystems.map(systemDocument).slice(0, parameters.max) });
const system = serve('operating_system', {
  get: ({ ids }) => {
    const found = operatingSystems.find((one) => systemId(one) === ids.operating_system_info);
    return found && systemDocument(found);
  },
});

const option = serve('system_option', {
  get: ({ ids, parameters }) => {
    const values = Object.hasOwn(systemOptions, ids.system_option) ? systemOptions[ids.system_option] : undefined;
    const version = parameters.version;
    return (
      values && {
        id: ids.system_option,
        name: ids.system_option,
        href: href('system_option', { system_option: ids.system_option }),
        values: Object.entries(values)
          .filter(([of]) => version === undefined || of === version || of === 'general')
          .map(([of, value]) => ({ value, version: of })),
      }
    );
  },
});

const levels = serve('cluster_levels', { list: () => compatibilityLevels.map(levelDocument) });
const level = serve('cluster_level', {
  get: ({ ids }) => {
    const found = compatibilityLevels.find((one) => one === ids.cluster_level);
    return found === undefined ? undefined : levelDocument(found);
  },
});

export const systemServices = [entry, systems, system, option, levels, level].map((one) => mounted(one));

/** RHV's ids of operating systems are their numbers; their names are the keys that `vm.os.type` takes. */
const systemId = ({ number }: OperatingSystem): string => String(number);

const systemDocument = (one: OperatingSystem): Api['operating_system_info'] => ({
  id: systemId(one),
  href: href('operating_system', { operating_system_info: systemId(one) }),
  name: one.key,
  description: one.name,
  architecture: one.key === 'other' ? 'undefined' : 'x86_64',
  tpm_support: one.tpm,
});

const levelDocument = (id: string): Api['cluster_level'] => ({
  id,
  href: href('cluster_level', { cluster_level: id }),
  ...(id === newestLevel && { comment: 'The newest' }),
  cpu_types: cpuTypesOf(id).map(({ name, level: number }) => ({ name, level: number, architecture: 'x86_64' as const })),
  permits: Object.entries(permits).map(([name, { number, administrative }]) => ({ id: String(number), name, administrative })),
});
