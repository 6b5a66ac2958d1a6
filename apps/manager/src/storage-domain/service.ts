export { activateDomain, addDomain, attachDomain, detachDomain, maintainDomain, removeDomain } from './jobs.ts';
