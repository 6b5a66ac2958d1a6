import { href, linked } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { policyUnits, schedulingPolicies, type PolicyUnit, type SchedulingPolicy } from '@ostler/domain/scheduling/policies';
import { accessReasons } from '@ostler/domain/access/reasons';
import { refuse } from '@ostler/domain/reason';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';

/** The policies that came with the installation, and the units that they are made of: told, not changed. */

const policies = serve('scheduling_policies', {
  list: ({ parameters }) => schedulingPolicies.map(policyDocument).slice(0, limit(parameters.max)),
});
const policy = serve('scheduling_policy', {
  get: ({ ids }) => {
    const found = policyOf(ids.scheduling_policy);
    return found && policyDocument(found);
  },
});

const filters = serve('filters', {
  list: ({ ids, parameters }) => {
    const found = policyOf(ids.scheduling_policy);
    return found ? filterDocuments(found).slice(0, limit(parameters.max)) : unknown(ids.scheduling_policy);
  },
});
const filter = serve('filter', {
  get: ({ ids }) => filterDocuments(policyOf(ids.scheduling_policy)).find((one) => one.id === ids.filter),
});
const weights = serve('weights', {
  list: ({ ids, parameters }) => {
    const found = policyOf(ids.scheduling_policy);
    return found ? weightDocuments(found).slice(0, limit(parameters.max)) : unknown(ids.scheduling_policy);
  },
});
const weight = serve('weight', {
  get: ({ ids }) => weightDocuments(policyOf(ids.scheduling_policy)).find((one) => one.id === ids.weight),
});
const balances = serve('balances', {
  list: ({ ids, parameters }) => {
    const found = policyOf(ids.scheduling_policy);
    return found ? balanceDocuments(found).slice(0, limit(parameters.max)) : unknown(ids.scheduling_policy);
  },
});
const balance = serve('balance', {
  get: ({ ids }) => balanceDocuments(policyOf(ids.scheduling_policy)).find((one) => one.id === ids.balance),
});

const units = serve('scheduling_policy_units', { list: ({ parameters }) => policyUnits.map(unitDocument).slice(0, limit(parameters.max)) });
const unit = serve('scheduling_policy_unit', {
  // A filter and a weight may share an id, as the rules between VMs do: the filter is told first, as in RHV.
  get: ({ ids }) => policyUnits.filter((one) => one.id === ids.scheduling_policy_unit).map(unitDocument)[0],
});

export const schedulingServices = [
  mounted(policies),
  mounted(policy),
  mounted(filters),
  mounted(filter),
  mounted(weights),
  mounted(weight),
  mounted(balances),
  mounted(balance),
  mounted(units),
  mounted(unit),
];

const limit = (max: number | undefined): number | undefined => (max === undefined || max < 0 ? undefined : max);
const unknown = (id: string) => refuse(accessReasons.object_not_found({ type: 'scheduling policy', name: id.slice(0, 60) }));
const policyOf = (id: string): SchedulingPolicy | undefined => schedulingPolicies.find((one) => one.id === id);

const policyDocument = (one: SchedulingPolicy): Api['scheduling_policy'] =>
  linked(
    {
      id: one.id,
      name: one.name,
      description: one.description,
      locked: true,
      default_policy: one.defaultPolicy,
      properties: Object.entries(one.properties).map(([name, value]) => ({ name, value })),
    },
    'schedulingpolicies/{scheduling_policy}',
    { scheduling_policy: one.id },
  );

const unitReference = ({ id }: PolicyUnit) => ({ id, href: href('scheduling_policy_unit', { scheduling_policy_unit: id }) });

/** The first filter stands at -1, the last one at 1, as RHV's clients know positions. */
const filterDocuments = (one: SchedulingPolicy | undefined): Api['filter'][] =>
  (one?.filters ?? []).map((held, index, { length }) => ({
    id: held.id,
    href: href('filter', { scheduling_policy: one?.id ?? '', filter: held.id }),
    name: held.name,
    position: index === 0 ? -1 : index === length - 1 ? 1 : 0,
    scheduling_policy_unit: unitReference(held),
  }));

const parent = (one: SchedulingPolicy | undefined) => ({
  id: one?.id ?? '',
  href: href('scheduling_policy', { scheduling_policy: one?.id ?? '' }),
});

const weightDocuments = (one: SchedulingPolicy | undefined): Api['weight'][] =>
  (one?.weights ?? []).map(({ unit: held, factor }) => ({
    id: held.id,
    href: href('weight', { scheduling_policy: one?.id ?? '', weight: held.id }),
    name: held.name,
    factor,
    scheduling_policy: parent(one),
    scheduling_policy_unit: unitReference(held),
  }));

const balanceDocuments = (one: SchedulingPolicy | undefined): Api['balance'][] =>
  one
    ? [
        {
          id: one.balancer.id,
          href: href('balance', { scheduling_policy: one.id, balance: one.balancer.id }),
          name: one.balancer.name,
          scheduling_policy: parent(one),
          scheduling_policy_unit: unitReference(one.balancer),
        },
      ]
    : [];

const unitDocument = (one: PolicyUnit): Api['scheduling_policy_unit'] => ({
  id: one.id,
  href: href('scheduling_policy_unit', { scheduling_policy_unit: one.id }),
  name: one.name,
  description: one.description,
  type: one.kind,
  enabled: true,
  internal: true,
  properties: one.properties.map((name) => ({ name, value: '' })),
});
