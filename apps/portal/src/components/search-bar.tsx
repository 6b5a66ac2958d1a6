import { completions } from '@ostler/domain/search/complete';
import { parseSearch } from '@ostler/domain/search/parse';
import { sentence } from '@ostler/domain/reason';
import type { SearchNoun } from '@ostler/domain/search/fields';
import { HelperText, HelperTextItem, Menu, MenuContent, MenuItem, MenuList } from '@patternfly/react-core';
import { useId, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { SearchField } from './search-field.tsx';
import { commonTexts } from './texts.ts';

interface SearchBarProps {
  readonly noun: SearchNoun;
  readonly value: string;
  /** Known values of fields, for completion. */
  readonly values: Readonly<Record<string, readonly string[]>>;
  readonly onSearch: (text: string) => void;
}

const mostShown = 12;

/** RHV's search language, with what may come next. Searching begins with Enter. */
export function SearchBar({ noun, value, values, onSearch }: SearchBarProps): ReactNode {
  const say = useTexts(commonTexts);
  const [text, setText] = useState(value);
  const [open, setOpen] = useState(false);
  const [chosen, setChosen] = useState(-1);
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const [shownFor, setShownFor] = useState(value);
  // The address changed under the bar: back was pressed, or a link followed.
  if (shownFor !== value) {
    setShownFor(value);
    setText(value);
  }

  const { from, options } = completions(noun, text, values);
  const shown = options.slice(0, mostShown);
  const visible = open && shown.length > 0;
  const parsed = parseSearch(text);
  const problem = 'refused' in parsed && !visible ? parsed.refused.map(sentence).join(' ') : undefined;

  const take = (option: string) => {
    const space = /^(<=?|>=?|!?=)$/.test(option) ? ' ' : '';
    setText(`${text.slice(0, from)}${space && !text.slice(0, from).endsWith(' ') ? ' ' : ''}${option} `);
    setChosen(-1);
    input.current?.focus();
  };
  const search = (wanted: string) => {
    setOpen(false);
    onSearch(wanted.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const option = shown[chosen];
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setOpen(true);
      setChosen((before) =>
        shown.length === 0
          ? -1
          : (before + (event.key === 'ArrowDown' ? 1 : -1) + shown.length + (before < 0 && event.key === 'ArrowUp' ? 1 : 0)) % shown.length,
      );
    } else if ((event.key === 'Enter' || event.key === 'Tab') && visible && option !== undefined) {
      event.preventDefault();
      take(option);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      search(text);
    } else if (event.key === 'Escape' && visible) {
      event.preventDefault();
      setOpen(false);
      setChosen(-1);
    }
  };
  return (
    <div className="ostler-search" onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && setOpen(false)}>
      <SearchField
        id={`${list}-input`}
        label={say('search')}
        placeholder={say('search.placeholder')}
        clear={say('search.clear')}
        value={text}
        onChange={(next) => {
          setText(next);
          setOpen(true);
          setChosen(-1);
        }}
        onKeyDown={onKeyDown}
        onFocus={() => setOpen(true)}
        onClear={() => {
          setText('');
          search('');
        }}
        list={list}
        expanded={visible}
        chosen={visible && chosen >= 0 ? `${list}-${chosen}` : undefined}
        inputRef={input}
      />
      {visible && (
        <Menu className="ostler-completions" role="listbox" isScrollable>
          <MenuContent>
            <MenuList id={list} role="listbox" aria-label={say('search.completions')}>
              {shown.map((option, index) => (
                <MenuItem
                  key={option}
                  id={`${list}-${index}`}
                  role="option"
                  aria-selected={index === chosen}
                  isFocused={index === chosen}
                  tabIndex={-1}
                  onMouseDown={(event: { preventDefault(): void }) => event.preventDefault()}
                  onClick={() => take(option)}
                >
                  {option}
                </MenuItem>
              ))}
            </MenuList>
          </MenuContent>
        </Menu>
      )}
      {problem !== undefined && text !== '' && (
        <HelperText isLiveRegion>
          <HelperTextItem variant="warning">{problem}</HelperTextItem>
        </HelperText>
      )}
    </div>
  );
}
