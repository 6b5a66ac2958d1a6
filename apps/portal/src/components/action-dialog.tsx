import type { Api } from '@ostler/contract/schema';
import {
  Alert,
  Button,
  Checkbox,
  Content,
  List,
  ListItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  Skeleton,
  Stack,
  StackItem,
} from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState, type ReactNode } from 'react';
import { api } from '../api/client.ts';
import { useTexts } from '../i18n/texts.ts';
import type { Chosen, ObjectAction, Row } from './action.ts';
import { ApiCallView } from './api-call.tsx';
import { BulkProgress } from './bulk-progress.tsx';
import { sentenceOf } from './failure.tsx';
import { runAction } from './run-action.ts';
import { commonTexts } from './texts.ts';

interface ActionDialogProps<T extends Row> {
  readonly action: ObjectAction<T>;
  readonly rows: readonly T[];
  readonly onClose: () => void;
}

/** So many plans are asked for; of the others there is only the number. */
const mostPlans = 10;

/** The question before an action, with its consequences: the manager's plan for each object. Then the results, object by object. */
export default function ActionDialog<T extends Row>({ action, rows, onClose }: ActionDialogProps<T>): ReactNode {
  const say = useTexts(commonTexts);
  const title = useId();
  const [chosen, setChosen] = useState<Chosen>(() =>
    Object.fromEntries((action.confirm?.options ?? []).map(({ name, checked }) => [name, checked])),
  );
  const [begun, setBegun] = useState(false);
  const [only] = rows;
  const single = rows.length === 1 ? only : undefined;
  const name = single?.name ?? single?.id ?? '';
  const begin = () => {
    if (!single) return setBegun(true);
    onClose();
    void runAction(action, single, chosen);
  };
  const heading = single ? `${action.title}: ${name}` : say('bulk.title', { action: action.title, count: rows.length });
  return (
    <Modal isOpen variant="medium" aria-labelledby={title} onClose={onClose}>
      <ModalHeader labelId={title} title={heading} {...(action.danger && !begun && { titleIconVariant: 'warning' as const })} />
      <ModalBody>
        {begun ? (
          <BulkProgress action={action} rows={rows} chosen={chosen} />
        ) : (
          <Stack hasGutter>
            {action.confirm && (
              <StackItem>
                <Content component="p">{action.confirm.question}</Content>
              </StackItem>
            )}
            {(action.confirm?.options ?? []).map((option) => (
              <StackItem key={option.name}>
                <Checkbox
                  id={`${title}-${option.name}`}
                  label={option.title}
                  isChecked={chosen[option.name] ?? false}
                  onChange={(_event, checked) => setChosen({ ...chosen, [option.name]: checked })}
                />
              </StackItem>
            ))}
            <StackItem>
              <Consequences action={action} rows={rows} chosen={chosen} />
            </StackItem>
            {single && (
              <StackItem>
                <ApiCallView call={(client) => action.call?.(client, single, {}, chosen) ?? Promise.resolve()} />
              </StackItem>
            )}
          </Stack>
        )}
      </ModalBody>
      <ModalFooter>
        {begun ? (
          <Button variant="primary" onClick={onClose}>
            {say('close')}
          </Button>
        ) : (
          <>
            <Button variant={action.danger ? 'danger' : 'primary'} onClick={begin}>
              {action.title}
            </Button>
            <Button variant="link" onClick={onClose}>
              {say('cancel')}
            </Button>
          </>
        )}
      </ModalFooter>
    </Modal>
  );
}

function Consequences<T extends Row>({ action, rows, chosen }: { action: ObjectAction<T>; rows: readonly T[]; chosen: Chosen }): ReactNode {
  const say = useTexts(commonTexts);
  const asked = rows.slice(0, mostPlans);
  const plans = useQuery({
    queryKey: ['plan', action.name, asked.map(({ id }) => id), chosen],
    gcTime: 0,
    queryFn: () => Promise.all(asked.map((row) => planOf(action, row, chosen))),
  });
  if (plans.isPending) return <Skeleton screenreaderText={say('confirm.reading')} />;
  if (plans.error)
    return (
      <Alert isInline variant="danger" title={say('form.refused')}>
        {sentenceOf(plans.error)}
      </Alert>
    );
  const refused = plans.data.flatMap(({ allowed, reasons }) => (allowed === false ? (reasons ?? []).map(({ text }) => text ?? '') : []));
  const effects = plans.data.flatMap(({ effects: told }) => told ?? []);
  return (
    <Stack hasGutter>
      {refused.length > 0 && (
        <Alert isInline variant="warning" title={say('confirm.refused')}>
          <Sentences all={refused} />
        </Alert>
      )}
      {effects.length > 0 && (
        <Alert isInline variant={action.danger ? 'warning' : 'info'} title={say('confirm.effects')}>
          <Sentences all={effects} />
          {rows.length > asked.length && say('confirm.more', { count: rows.length - asked.length })}
        </Alert>
      )}
    </Stack>
  );
}

function Sentences({ all }: { all: readonly string[] }): ReactNode {
  const [first] = all;
  if (all.length <= 1) return first;
  return (
    <List>
      {[...new Set(all)].map((one) => (
        <ListItem key={one}>{one}</ListItem>
      ))}
    </List>
  );
}

async function planOf<T extends Row>(action: ObjectAction<T>, row: T, chosen: Chosen): Promise<Api['plan']> {
  const plan: unknown = await action.call?.(api, row, { dryRun: true }, chosen);
  return typeof plan === 'object' && plan !== null ? plan : {};
}
