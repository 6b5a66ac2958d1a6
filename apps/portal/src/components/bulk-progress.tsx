import { Button, List, ListItem, Progress, Stack, StackItem } from '@patternfly/react-core';
import { CheckCircleIcon, ExclamationCircleIcon, InProgressIcon, PendingIcon } from '@patternfly/react-icons';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { api } from '../api/client.ts';
import { useTexts } from '../i18n/texts.ts';
import type { Chosen, ObjectAction, Row } from './action.ts';
import { sentenceOf } from './failure.tsx';
import { commonTexts } from './texts.ts';

type Result = { readonly state: 'waiting' | 'running' | 'done' } | { readonly state: 'failed'; readonly why: string };

/** So many are under way at once: the manager decides in turns, and a person wants to see it going. */
const atOnce = 4;

/** Does an action on many objects, and shows what came of each. What failed can be tried again. */
export function BulkProgress<T extends Row>({
  action,
  rows,
  chosen,
}: {
  action: ObjectAction<T>;
  rows: readonly T[];
  chosen: Chosen;
}): ReactNode {
  const say = useTexts(commonTexts);
  const [results, setResults] = useState<ReadonlyMap<string, Result>>(new Map());
  const run = async (these: readonly T[]) => {
    const note = (row: T, result: Result) => setResults((before) => new Map(before).set(row.id ?? '', result));
    const left = [...these];
    const worker = async () => {
      for (let row = left.shift(); row; row = left.shift()) {
        note(row, { state: 'running' });
        try {
          await action.call?.(api, row, {}, chosen);
          note(row, { state: 'done' });
        } catch (error) {
          note(row, { state: 'failed', why: sentenceOf(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
  };
  const begun = useRef(false);
  useEffect(() => {
    if (begun.current) return;
    begun.current = true;
    void run(rows);
  });
  const resultOf = ({ id }: T): Result => results.get(id ?? '') ?? { state: 'waiting' };
  const ended = rows.filter((row) => ['done', 'failed'].includes(resultOf(row).state));
  const failed = rows.filter((row) => resultOf(row).state === 'failed');
  return (
    <Stack hasGutter>
      <StackItem>
        <Progress
          aria-label={action.title}
          value={rows.length === 0 ? 100 : Math.round((100 * ended.length) / rows.length)}
          label={`${ended.length} / ${rows.length}`}
          measureLocation="outside"
          {...(failed.length > 0 && { variant: 'warning' as const })}
        />
      </StackItem>
      <StackItem>
        <List isPlain isBordered>
          {rows.map((row) => {
            const result = resultOf(row);
            return (
              <ListItem key={row.id} icon={signs[result.state]}>
                {row.name ?? row.id}: {result.state === 'failed' ? result.why : say(`bulk.${result.state}`)}
              </ListItem>
            );
          })}
        </List>
      </StackItem>
      {ended.length === rows.length && failed.length > 0 && (
        <StackItem>
          <Button variant="secondary" onClick={() => void run(failed)}>
            {say('bulk.retry', { count: failed.length })}
          </Button>
        </StackItem>
      )}
    </Stack>
  );
}

const signs = {
  waiting: <PendingIcon />,
  running: <InProgressIcon />,
  done: <CheckCircleIcon color="var(--pf-t--global--icon--color--status--success--default)" />,
  failed: <ExclamationCircleIcon color="var(--pf-t--global--icon--color--status--danger--default)" />,
};
