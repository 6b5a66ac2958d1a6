import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { accessReasons } from '@ostler/domain/access/reasons';
import { version } from '@ostler/domain/datacenter/rules';
import { events } from '@ostler/domain/events/catalogue';
import { networkFilterVersions } from '@ostler/domain/network/profile-rules';
import { networkLabelProblems } from '@ostler/domain/network/rules';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { refuse } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { there } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { findNetwork, setLabel, type NetworkRow } from './store.ts';

/** Labels of networks, of which each has one at most, and the filters that libvirt knows. */

const text = phrases({
  'network.label': 'Giving network {name} the label {label}',
  'network.unlabel': 'Taking the label {label} from network {name}',
});

const labels = serve('network_labels', {
  list: async ({ db, reader, ids }) => labelsOf(there(await findNetwork(db, reader, ids.network))),
  add({ db, reader, ids, input, mutate, correlation }) {
    const label = input.id ?? '';
    return mutate({
      objects: [ids.network],
      plan: async (tx) => {
        const { name, label: held } = there(await findNetwork(tx, reader, ids.network));
        return networkLabelProblems(name, held, label) ?? plan({ title: text['network.label']({ name, label }), data: name });
      },
      apply: async (tx, name) => {
        const dataCenter = await setLabel(tx, ids.network, label);
        await emit(tx, events.network_labeled({ name, label }), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => there(labelsOf(there(await findNetwork(db, reader, ids.network)))[0]),
    });
  },
});

const label = serve('network_label', {
  get: async ({ db, reader, ids }) =>
    labelsOf(there(await findNetwork(db, reader, ids.network))).find((one) => one.id === ids.network_label),
  remove: ({ reader, ids, mutate, correlation }) =>
    mutate({
      objects: [ids.network],
      plan: async (tx) => {
        const network = there(await findNetwork(tx, reader, ids.network));
        return network.label === ids.network_label
          ? plan({ title: text['network.unlabel']({ name: network.name, label: ids.network_label }), data: network.name })
          : refuse(accessReasons.object_not_found({ type: 'network label', name: ids.network_label }));
      },
      apply: async (tx, name) => {
        const dataCenter = await setLabel(tx, ids.network, null);
        const told = events.network_unlabeled({ name, label: ids.network_label });
        await emit(tx, told, { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    }),
});

/** RHV's ids of filters differ from one installation to the next; ours are their names. */
const filterDocuments = [...networkFilterVersions].map(([name, since]): Api['network_filter'] => ({
  id: name,
  href: href('network_filter', { network_filter: name }),
  name,
  version: version(since),
}));
const filters = serve('network_filters', { list: () => filterDocuments });
const filter = serve('network_filter', { get: ({ ids }) => filterDocuments.find((one) => one.id === ids.network_filter) });

export const networkLabelServices = [mounted(labels), mounted(label), mounted(filters), mounted(filter)];

const labelsOf = (network: NetworkRow): Api['network_label'][] =>
  network.label === null
    ? []
    : [
        linked(
          { id: network.label, network: { id: network.id, href: href('network', { network: network.id }) } },
          'networks/{network}/networklabels/{network_label}',
          { network: network.id, network_label: network.label },
        ),
      ];
