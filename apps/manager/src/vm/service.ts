export { removeVm, runAction, startVm } from './jobs.ts';
export { changeRun } from './run-jobs.ts';
export { discardMemory, resumeVm, suspendVm } from './suspend-jobs.ts';
export { hardwareDocument } from './hardware-document.ts';
