import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { diskProfiles, type DiskProfileRow } from './store.ts';

const profiles = serve('disk_profiles', { list: async ({ db, reader }) => (await diskProfiles(db, reader)).map(document) });
const profile = serve('disk_profile', {
  get: async ({ db, reader, ids }) => (await diskProfiles(db, reader)).filter((one) => one.id === ids.disk_profile).map(document)[0],
});

export const diskProfileServices = [mounted(profiles), mounted(profile)];

const document = (row: DiskProfileRow): Api['disk_profile'] =>
  linked(
    {
      id: row.id,
      name: row.name,
      description: row.description,
      storage_domain: { id: row.domain, href: href('storage_domain', { storage_domain: row.domain }) },
    },
    'diskprofiles/{disk_profile}',
    { disk_profile: row.id },
  );
