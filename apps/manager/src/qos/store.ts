import type { QosSettings } from '@ostler/domain/qos/rules';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { change, json, row, rows, sql, type Queries, type Transaction } from '../db/database.ts';
import { limited } from '../search/sql.ts';

export interface QosRow extends QosSettings {
  readonly id: string;
  readonly dataCenter: string;
}

const select = sql`select q.id, q.name, q.description, q.kind, q.limits, q.data_center_id as "dataCenter" from qoss q`;

export const listQos = (db: Queries, reader: Reader, dataCenter: string, max: number | undefined) =>
  rows<QosRow>(
    db,
    sql`${select} where q.data_center_id = ${dataCenter} and ${visibleTo(reader, 'qos', sql`q.id`)} order by q.name, q.kind ${limited(max)}`,
  );

export const findQos = (db: Queries, reader: Reader, dataCenter: string, id: string) =>
  row<QosRow>(db, sql`${select} where q.data_center_id = ${dataCenter} and q.id = ${id} and ${visibleTo(reader, 'qos', sql`q.id`)}`);

export const qosNames = async (db: Queries, dataCenter: string, kind: string, except: string): Promise<string[]> =>
  (
    await rows<{ name: string }>(db, sql`select name from qoss where data_center_id = ${dataCenter} and kind = ${kind} and id <> ${except}`)
  ).map((one) => one.name);

/** What refers to a QoS, in words: these go on without limits when it is removed. */
export const usersOfQos = async (db: Queries, id: string): Promise<string[]> =>
  (
    await rows<{ text: string }>(
      db,
      sql`select 'CPU profile ' || name as text from cpu_profiles where qos_id = ${id}
          union all select 'disk profile ' || name from disk_profiles where qos_id = ${id}
          union all select 'vNIC profile ' || name from vnic_profiles where qos_id = ${id}
          union all select 'network ' || name from networks where qos_id = ${id} order by 1`,
    )
  ).map((one) => one.text);

export const insertQos = (tx: Transaction, qos: QosRow) =>
  change(
    tx,
    sql`insert into qoss (id, name, description, data_center_id, kind, limits)
        values (${qos.id}, ${qos.name}, ${qos.description}, ${qos.dataCenter}, ${qos.kind}, ${json(qos.limits)})`,
  );

export const updateQos = (tx: Transaction, id: string, qos: QosSettings) =>
  change(tx, sql`update qoss set name = ${qos.name}, description = ${qos.description}, limits = ${json(qos.limits)} where id = ${id}`);

export const removeQos = (tx: Transaction, id: string) => change(tx, sql`delete from qoss where id = ${id}`);

/** Whether there is such a QoS of a kind in a data center. */
export const qosExists = async (db: Queries, dataCenter: string | null, kind: string, id: string | null): Promise<boolean> =>
  id !== null &&
  (await row(db, sql`select 1 from qoss where data_center_id = ${dataCenter} and kind = ${kind} and id::text = lower(${id})`)) !==
    undefined;
