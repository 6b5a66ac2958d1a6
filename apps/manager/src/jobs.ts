import { addDisk, removeDisk } from './disk/service.ts';
import type { JobType } from './jobs/definition.ts';
import { activateDomain, addDomain, attachDomain, detachDomain, maintainDomain, removeDomain } from './storage-domain/service.ts';
import { transferImage } from './transfer/service.ts';
import { removeVm, runAction, startVm } from './vm/service.ts';

/**
 * Every job type that there is: the engine finds a stored job's steps here, and the generic tests enumerate it. A job
 * type is written for its own plan; stored plans come back as what they were when they were stored.
 */
const types = [addDisk, removeDisk, addDomain, attachDomain, activateDomain, maintainDomain, detachDomain, removeDomain, transferImage, startVm, runAction, removeVm];
export const allJobs = types as readonly unknown[] as readonly JobType[];
