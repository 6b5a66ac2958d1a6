import { Button, Dropdown, DropdownItem, DropdownList, MenuToggle, Tooltip } from '@patternfly/react-core';
import { EllipsisVIcon } from '@patternfly/react-icons';
import { Suspense, useState, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { ActionDialog } from './action-dialog-lazy.ts';
import { stateOf, type ObjectAction, type Row } from './action.ts';
import { Line } from './line.tsx';
import { runAction } from './run-action.ts';
import { commonTexts } from './texts.ts';

interface ActionMenuProps<T extends Row> {
  readonly row: T;
  readonly actions: readonly ObjectAction<T>[];
  /** Prominent actions beside the menu, for an object's own page. */
  readonly withButtons?: boolean;
}

/** What can be done with one object. What is not possible now is there, cannot be chosen, and says why. */
export function ActionMenu<T extends Row>({ row, actions, withButtons = false }: ActionMenuProps<T>): ReactNode {
  const say = useTexts(commonTexts);
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState<ObjectAction<T>>();
  const possible = actions.flatMap((action) => {
    const state = stateOf(action, row);
    return state ? [{ action, ...state }] : [];
  });
  const begin = (action: ObjectAction<T>) => {
    setOpen(false);
    if (action.open) action.open(row);
    else if (action.confirm) setAsking(action);
    else void runAction(action, row);
  };
  const buttons = withButtons ? possible.filter(({ action }) => action.prominent) : [];
  const inMenu = possible.filter(({ action }) => !buttons.some((one) => one.action === action));
  return (
    <Line>
      {buttons.map(({ action, allowed, why }) => (
        <Reasoned key={action.name} why={allowed ? undefined : why}>
          <Button variant="secondary" isAriaDisabled={!allowed} onClick={() => begin(action)}>
            {action.title}
          </Button>
        </Reasoned>
      ))}
      {inMenu.length > 0 && (
        <Dropdown
          isOpen={open}
          onOpenChange={setOpen}
          onSelect={() => setOpen(false)}
          popperProps={{ position: 'right' }}
          toggle={(ref) => (
            <MenuToggle
              ref={ref}
              variant="plain"
              aria-label={say('actions.of', { name: row.name ?? '' })}
              isExpanded={open}
              onClick={() => setOpen(!open)}
              icon={<EllipsisVIcon />}
            />
          )}
        >
          <DropdownList>
            {inMenu.map(({ action, allowed, why }) => (
              <DropdownItem
                key={action.name}
                isAriaDisabled={!allowed}
                isDanger={action.danger === true && allowed}
                description={allowed ? undefined : why}
                onClick={() => allowed && begin(action)}
              >
                {action.title}
              </DropdownItem>
            ))}
          </DropdownList>
        </Dropdown>
      )}
      {asking && (
        <Suspense fallback={null}>
          <ActionDialog action={asking} rows={[row]} onClose={() => setAsking(undefined)} />
        </Suspense>
      )}
    </Line>
  );
}

/** Shows on pointing or focusing why something is not possible. */
export function Reasoned({ why, children }: { why: string | undefined; children: React.JSX.Element }): ReactNode {
  return why === undefined || why === '' ? children : <Tooltip content={why}>{children}</Tooltip>;
}
