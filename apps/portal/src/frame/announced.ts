import { store } from '../store.ts';

/** The page that there is now, as a screen reader is told: each page says it when it is rendered, not when its address changed. */
export const announced = store('');
