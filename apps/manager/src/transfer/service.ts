export { transferImage } from './jobs.ts';
export { pruneTransfers, transferById } from './store.ts';
