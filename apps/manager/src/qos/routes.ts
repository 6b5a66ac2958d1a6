import { randomUUID } from 'node:crypto';
import { href } from '@ostler/contract/links';
import type { Api } from '@ostler/contract/schema';
import { events } from '@ostler/domain/events/catalogue';
import { phrases } from '@ostler/domain/phrases';
import { plan } from '@ostler/domain/plan';
import { qosLimitNames, qosProblems, qosReasons, type QosKind, type QosSettings } from '@ostler/domain/qos/rules';
import { refusalOf } from '@ostler/domain/reason';
import { emit } from '../audit/store.ts';
import { there } from '../db/database.ts';
import { serve } from '../http/context.ts';
import { mounted } from '../http/mount.ts';
import { findQos, insertQos, listQos, qosNames, removeQos, updateQos, usersOfQos, type QosRow } from './store.ts';

const text = phrases({
  'qos.add': 'Adding QoS {name}',
  'qos.update': 'Changing QoS {name}',
  'qos.remove': 'Removing QoS {name}',
  'effect.qos-lost': '{user} goes on without limits',
});

const collection = serve('qoss', {
  list: async ({ db, reader, ids, parameters }) => (await listQos(db, reader, ids.data_center, parameters.max)).map(document),
  add({ db, reader, ids, input, mutate, correlation }) {
    const { data_center: dataCenter } = ids;
    const id = input.id ?? randomUUID();
    const settings = wished(input, { name: '', description: '', kind: input.type ?? 'storage', limits: {} });
    return mutate({
      objects: [`qos of ${dataCenter}`],
      plan: async (tx) =>
        qosProblems(settings, await qosNames(tx, dataCenter, settings.kind, id)) ??
        plan({ title: text['qos.add']({ name: settings.name }), data: settings }),
      apply: async (tx) => {
        await insertQos(tx, { ...settings, id, dataCenter });
        await emit(tx, told(settings, 'added'), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findQos(db, reader, dataCenter, id))),
    });
  },
});

const item = serve('qos', {
  async get({ db, reader, ids }) {
    const row = await findQos(db, reader, ids.data_center, ids.qos);
    return row && document(row);
  },
  async update({ db, reader, ids, input, mutate, correlation }) {
    const { data_center: dataCenter } = ids;
    if (!(await findQos(db, reader, dataCenter, ids.qos))) return undefined;
    return mutate({
      objects: [`qos of ${dataCenter}`],
      plan: async (tx) => {
        const before = there(await findQos(tx, reader, dataCenter, ids.qos));
        const settings = wished(input, before);
        return (
          refusalOf([
            input.type !== undefined &&
              input.type !== before.kind &&
              qosReasons.qos_type_fixed({ name: before.name, type: before.kind }, 'qos.type'),
          ]) ??
          qosProblems(settings, await qosNames(tx, dataCenter, before.kind, ids.qos)) ??
          plan({ title: text['qos.update']({ name: settings.name }), data: settings })
        );
      },
      apply: async (tx, settings) => {
        await updateQos(tx, ids.qos, settings);
        await emit(tx, told(settings, 'updated'), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => document(there(await findQos(db, reader, dataCenter, ids.qos))),
    });
  },
  async remove({ db, reader, ids, mutate, correlation }) {
    const { data_center: dataCenter } = ids;
    if (!(await findQos(db, reader, dataCenter, ids.qos))) return undefined;
    return mutate({
      objects: [`qos of ${dataCenter}`],
      plan: async (tx) => {
        const qos = there(await findQos(tx, reader, dataCenter, ids.qos));
        const effects = (await usersOfQos(tx, ids.qos)).map((user) => text['effect.qos-lost']({ user }));
        return plan({ title: text['qos.remove']({ name: qos.name }), effects, data: qos });
      },
      apply: async (tx, qos) => {
        await removeQos(tx, qos.id);
        await emit(tx, told(qos, 'removed'), { dataCenter, user: reader.user.id }, correlation);
      },
      answer: async () => ({}),
    });
  },
});

export const qosServices = [mounted(collection), mounted(item)];

/** What is not named stays as it is; a negative limit takes it away, as RHV's clients write it. */
function wished(input: Api['qos'], base: QosSettings): QosSettings {
  const limits: Partial<Record<(typeof qosLimitNames)[number], number>> = { ...base.limits };
  for (const name of qosLimitNames) {
    const given = input[name];
    if (given === undefined) continue;
    if (given < 0) delete limits[name];
    else limits[name] = given;
  }
  return { name: input.name ?? base.name, description: input.description ?? base.description, kind: base.kind, limits };
}

/** RHV tells of networks' QoS under codes of its own. */
function told({ kind, name }: { readonly kind: QosKind; readonly name: string }, what: 'added' | 'updated' | 'removed') {
  return kind === 'network' ? events[`network_qos_${what}`]({ name }) : events[`qos_${what}`]({ name });
}

const document = (row: QosRow): Api['qos'] => ({
  id: row.id,
  href: href('qos', { data_center: row.dataCenter, qos: row.id }),
  name: row.name,
  description: row.description,
  type: row.kind,
  ...row.limits,
  data_center: { id: row.dataCenter, href: href('data_center', { data_center: row.dataCenter }) },
});
