/** Runs inside a host of the lab: starts the host's libvirtd over its state and leaves it behind. */
import { join } from 'node:path';
import { startLibvirtd } from '@ostler/libvirt/daemon/libvirtd';
import { labDirectory } from './guest.ts';

const [state = ''] = process.argv.slice(2);
await startLibvirtd({ state, guestsAs: 'root', knownCapabilities: join(labDirectory(), 'capabilities') });
