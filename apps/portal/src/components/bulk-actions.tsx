import { Button, Dropdown, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { Suspense, useState, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { ActionDialog } from './action-dialog-lazy.ts';
import { stateOf, type ObjectAction, type Row } from './action.ts';
import { commonTexts } from './texts.ts';

interface BulkActionsProps<T extends Row> {
  readonly rows: readonly T[];
  readonly actions: readonly ObjectAction<T>[];
  readonly onClear: () => void;
}

/** Every action of a row, on all that are selected and can have it done to them. */
export function BulkActions<T extends Row>({ rows, actions, onClear }: BulkActionsProps<T>): ReactNode {
  const say = useTexts(commonTexts);
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState<{ action: ObjectAction<T>; rows: readonly T[] }>();
  const choices = actions
    .filter((action) => action.call !== undefined)
    .flatMap((action) => {
      const states = rows.map((row) => ({ row, state: stateOf(action, row) }));
      const allowed = states.filter(({ state }) => state?.allowed).map(({ row }) => row);
      if (states.every(({ state }) => state === undefined)) return [];
      return [{ action, allowed, why: states.find(({ state }) => state?.allowed === false)?.state?.why }];
    });
  return (
    <>
      <Dropdown
        isOpen={open}
        onOpenChange={setOpen}
        onSelect={() => setOpen(false)}
        toggle={(ref) => (
          <MenuToggle ref={ref} isExpanded={open} onClick={() => setOpen(!open)}>
            {say('selected', { count: rows.length })}
          </MenuToggle>
        )}
      >
        <DropdownList>
          {choices.map(({ action, allowed, why }) => (
            <DropdownItem
              key={action.name}
              isAriaDisabled={allowed.length === 0}
              isDanger={action.danger === true && allowed.length > 0}
              description={
                allowed.length === rows.length
                  ? undefined
                  : allowed.length === 0
                    ? why
                    : say('bulk.some', { allowed: allowed.length, all: rows.length })
              }
              onClick={() => allowed.length > 0 && setAsking({ action, rows: allowed })}
            >
              {action.title}
            </DropdownItem>
          ))}
        </DropdownList>
      </Dropdown>
      <Button variant="link" onClick={onClear}>
        {say('selected.none')}
      </Button>
      {asking && (
        <Suspense fallback={null}>
          <ActionDialog action={asking.action} rows={asking.rows} onClose={() => setAsking(undefined)} />
        </Suspense>
      )}
    </>
  );
}
