export { insertDefaultQuota } from './store.ts';
