import { randomUUID } from 'node:crypto';
import type { Transaction } from '../db/database.ts';
import { insertFirstProfile } from './profile-store.ts';
import { insertNetwork } from './store.ts';

export { networkFields } from './document.ts';

/** The network that hosts and manager talk over, in a data center that has none yet. */
export async function insertManagementNetwork(tx: Transaction, dataCenter: string, name: string): Promise<string> {
  const id = randomUUID();
  const plain = { comment: '', vlan: null, mtu: 0, stp: false, vmNetwork: true, portIsolation: false, qos: null, nameServers: [] };
  await insertNetwork(tx, { ...plain, id, name, description: 'Management network', dataCenter });
  await insertFirstProfile(tx, { id, name });
  return id;
}
