import type { Api } from '@ostler/contract/schema';
import { nameProblem } from '@ostler/domain/names';
import { say } from '@ostler/domain/phrases';
import { refuse, type Refusal } from '@ostler/domain/reason';
import type { Hardware } from '@ostler/domain/vm/hardware';
import { vmPlanReasons } from '@ostler/domain/vm/plan';
import type { VmInState } from '@ostler/domain/vm/state';
import type { Reader } from '../access/login.ts';
import type { Database, Queries, Transaction } from '../db/database.ts';
import { vmDocument } from './document.ts';
import { hardwareRefusal } from './hardware-refusal.ts';
import { findVm, vmById, vmNameTaken, type VmRow } from './store.ts';

/** What the VM's routes have in common. */

/** A VM that was found before its plan is there in its plan. */
export async function present(db: Queries, id: string): Promise<VmRow> {
  const row = await vmById(db, id);
  if (!row) throw new Error('The VM vanished while it was looked at');
  return row;
}

export const inState = (row: VmRow): VmInState => ({
  name: row.name,
  status: row.status,
  deleteProtected: row.deleteProtected,
  ...(row.heldBy && { heldBy: say(row.heldBy) }),
});

export async function readVm(db: Database, reader: Reader, id: string): Promise<Api['vm']> {
  const row = await findVm(db, reader, id);
  if (!row) throw new Error('What was just written cannot be read');
  return vmDocument(row);
}

export interface JudgedVm {
  readonly id: string;
  readonly name: string;
  readonly cluster: string;
  readonly hardware: Hardware;
  readonly before?: Hardware;
}

export async function vmProblems(tx: Transaction, { id, name, ...vm }: JudgedVm): Promise<Refusal | undefined> {
  const wrong = nameProblem('VM', name, 'vm.name');
  if (wrong) return refuse(wrong);
  if (await vmNameTaken(tx, name, id)) return refuse(vmPlanReasons.vm_name_taken({ name }, 'vm.name'));
  return hardwareRefusal(tx, { id, ...vm });
}
