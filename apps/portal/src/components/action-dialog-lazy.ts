import { lazy } from 'react';
import type LoadedActionDialog from './action-dialog.tsx';

/** The dialog of actions, loaded when it is first asked for: lists show long before anybody does. `lazy` forgets that it is generic. */
export const ActionDialog = lazy(() => import('./action-dialog.tsx')) as unknown as typeof LoadedActionDialog;
