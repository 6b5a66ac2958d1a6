import { api } from '../api/client.ts';
import { toast } from '../frame/toasts.ts';
import { sayNow } from '../i18n/texts.ts';
import type { Chosen, ObjectAction, Row } from './action.ts';
import { sentenceOf } from './failure.tsx';
import { commonTexts } from './texts.ts';

/** Does an action on one object and says what came of it. */
export async function runAction<T extends Row>(action: ObjectAction<T>, row: T, chosen: Chosen = {}): Promise<string | undefined> {
  const said = { action: action.title, name: row.name ?? row.id ?? '' };
  try {
    await action.call?.(api, row, {}, chosen);
    toast({ variant: 'success', title: sayNow(commonTexts, 'done.action', said) });
    return undefined;
  } catch (error) {
    const detail = sentenceOf(error);
    toast({ variant: 'danger', title: sayNow(commonTexts, 'failed.action', said), detail });
    return detail;
  }
}
