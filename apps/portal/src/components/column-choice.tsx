import { ColumnsIcon } from '@patternfly/react-icons';
import { MenuToggle, Select, SelectList, SelectOption } from '@patternfly/react-core';
import { useState, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { remembered, useStore, type Store } from '../store.ts';
import type { Column } from './column.ts';
import { commonTexts } from './texts.ts';
import { useNarrow } from './use-narrow.ts';

const chosen = new Map<string, Store<string>>();
const anyText = (text: string): text is string => text.length < 1_000;

function chosenIn(list: string): Store<string> {
  const known = chosen.get(list) ?? remembered<string>(`columns.${list}`, '', anyText);
  chosen.set(list, known);
  return known;
}

/** The columns that are shown of a list: what somebody chose, or what fits. */
export function useColumns<T>(list: string, columns: readonly Column<T>[]): { shown: readonly Column<T>[]; choice: ReactNode } {
  const narrow = useNarrow();
  const held = chosenIn(list);
  const wanted = useStore(held);
  const usual = columns.filter((column) => (narrow ? column.essential : !column.extra));
  const keys = wanted === '' || narrow ? usual.map(({ key }) => key) : wanted.split(' ');
  const shown = columns.filter(({ key }, index) => index === 0 || keys.includes(key));
  const toggle = (key: string) =>
    held.set(columns.flatMap((one) => ((one.key === key ? !keys.includes(key) : keys.includes(one.key)) ? [one.key] : [])).join(' '));
  return { shown, choice: narrow ? null : <ColumnChoice columns={columns} keys={keys} onToggle={toggle} /> };
}

function ColumnChoice<T>({
  columns,
  keys,
  onToggle,
}: {
  columns: readonly Column<T>[];
  keys: readonly string[];
  onToggle: (key: string) => void;
}): ReactNode {
  const say = useTexts(commonTexts);
  const [open, setOpen] = useState(false);
  return (
    <Select
      role="menu"
      isOpen={open}
      onOpenChange={setOpen}
      onSelect={(_event, key) => typeof key === 'string' && onToggle(key)}
      popperProps={{ position: 'right' }}
      toggle={(ref) => (
        <MenuToggle
          ref={ref}
          variant="plain"
          aria-label={say('columns')}
          isExpanded={open}
          onClick={() => setOpen(!open)}
          icon={<ColumnsIcon />}
        />
      )}
    >
      <SelectList>
        {columns.slice(1).map(({ key, title }) => (
          <SelectOption key={key} value={key} hasCheckbox isSelected={keys.includes(key)}>
            {title}
          </SelectOption>
        ))}
      </SelectList>
    </Select>
  );
}
