import { randomUUID } from 'node:crypto';
import type { Hardware } from '@ostler/domain/vm/hardware';
import { change, json, sql, type Transaction } from '../db/database.ts';

/** What a VM waits for; null where it waits for nothing any more. */
export async function setNextRun(tx: Transaction, vm: string, hardware: Hardware | null): Promise<void> {
  await change(tx, sql`delete from snapshots where vm_id = ${vm} and kind = 'next_run'`);
  if (hardware)
    await change(
      tx,
      sql`insert into snapshots (id, vm_id, kind, description, hardware) values (${randomUUID()}, ${vm}, 'next_run', 'Next run', ${json(hardware)})`,
    );
  // What a reader sees of the VM has changed, though its own row has not.
  await change(tx, sql`update vms set generation = generation + 1 where id = ${vm}`);
}

export const setHardware = (tx: Transaction, vm: string, hardware: Hardware) =>
  change(tx, sql`update vms set hardware = ${json(hardware)} where id = ${vm}`);
