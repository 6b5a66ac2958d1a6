import { dirname, join } from 'node:path';

/** The directory of the `ostler` script: everything that is started lies below it. */
export const root = dirname(dirname(dirname(import.meta.dirname)));

export const inRoot = (...parts: readonly string[]): string => join(root, ...parts);

/** A program that npm brought. */
export const tool = (name: string): string => inRoot('node_modules/.bin', name);

/** Where an app starts. */
export const appMain = (app: 'manager' | 'gateway' | 'agent' | 'cli'): string => inRoot('apps', app, 'src/main.ts');
