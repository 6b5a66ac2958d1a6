import type { Client } from '@ostler/contract/client';
import type { Api } from '@ostler/contract/schema';
import { exitCodes, Problem, usageProblem } from './problem.ts';

/** Storage domains have their status in a data center, as in RHV: the list of all has none for those that are attached. */
export async function domainsWithStatus(api: Client, search?: string): Promise<Api['storage_domain'][]> {
  const [all, centers] = await Promise.all([api.storagedomains.list({ search }), api.datacenters.list()]);
  const attached = await Promise.all(
    centers.flatMap(({ id, name }) =>
      id === undefined
        ? []
        : [
            api
              .datacenters(id)
              .storagedomains.list()
              .then((domains) => domains.map((one) => ({ one, name }))),
          ],
    ),
  );
  const known = new Map(
    attached.flat().map(({ one, name }) => [one.id, { status: one.status, data_centers: [{ ...one.data_center, name }] }]),
  );
  return all.map((domain) => ({ ...domain, ...(known.get(domain.id) ?? { status: domain.status ?? ('unattached' as const) }) }));
}

/** The one that is meant when nobody says which. */
export async function onlyDomain(api: Client): Promise<string> {
  const active = (await domainsWithStatus(api)).filter(({ type, status }) => type === 'data' && status === 'active');
  const [only, ...others] = active;
  if (only?.id === undefined) throw new Problem('There is no active data domain that you may use.', exitCodes.notFound);
  if (others.length > 0) throw usageProblem(`Say on which storage domain: --storage-domain ${active.map(({ name }) => name).join(', ')}.`);
  return only.id;
}
