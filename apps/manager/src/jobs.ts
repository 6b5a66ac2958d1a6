import { addDisk, removeDisk } from './disk/service.ts';
import type { JobType } from './jobs/definition.ts';
import { activateDomain, addDomain, attachDomain, detachDomain, maintainDomain, removeDomain } from './storage-domain/service.ts';
import { transferImage } from './transfer/service.ts';
import { changeRun, discardMemory, removeVm, resumeVm, runAction, startVm, suspendVm } from './vm/service.ts';

/**
 * Every job type that there is: the engine finds a stored job's steps here, and the generic tests enumerate it. A job
 * type is written for its own plan; stored plans come back as what they were when they were stored.
 */
const ofDisks = [addDisk, removeDisk, transferImage];
const ofStorage = [addDomain, attachDomain, activateDomain, maintainDomain, detachDomain, removeDomain];
const ofVms = [startVm, runAction, changeRun, suspendVm, resumeVm, discardMemory, removeVm];
export const allJobs = [...ofDisks, ...ofStorage, ...ofVms] as readonly unknown[] as readonly JobType[];
