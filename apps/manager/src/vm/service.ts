export { removeVm, runAction, startVm } from './jobs.ts';
export { hardwareDocument } from './hardware-document.ts';
