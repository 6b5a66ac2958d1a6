export { removeVm, runAction, startVm } from './jobs.ts';
