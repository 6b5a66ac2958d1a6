import { Menu, MenuContent, MenuGroup, MenuItem, MenuList, Modal, ModalBody, ModalHeader } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useDeferredValue, useEffect, useId, useState, type KeyboardEvent, type ReactNode } from 'react';
import { SearchField } from '../components/search-field.tsx';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { navigationGroups } from './navigation-entries.ts';
import { findObjects, type Found } from './palette-objects.ts';
import { offeredActions } from './palette-actions.ts';
import { frameTexts } from './texts.ts';

interface Choice {
  readonly key: string;
  readonly title: string;
  readonly detail?: string | undefined;
  readonly disabled?: boolean;
  readonly choose: () => void;
}

/** Ctrl-K: objects of every kind by a part of their name, pages, and what can be done on this page. */
export default function Palette({ onClose }: { onClose: () => void }): ReactNode {
  const say = useTexts(frameTexts);
  const navigate = useNavigate();
  const id = useId();
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const asked = useDeferredValue(text.trim());
  const found = useQuery({
    queryKey: ['palette', asked],
    gcTime: 0,
    staleTime: 0,
    enabled: asked.length > 0,
    queryFn: ({ signal }) => findObjects(asked, signal),
  });
  const go = (to: string) => {
    onClose();
    void navigate({ to });
  };
  const matches = (title: string) => title.toLowerCase().includes(text.trim().toLowerCase());
  const actions: Choice[] = useStore(offeredActions)
    .filter(({ title }) => matches(title))
    .map(({ key, title, why, run }) => ({
      key: `action ${key}`,
      title,
      detail: why,
      disabled: why !== undefined,
      choose: () => {
        onClose();
        run();
      },
    }));
  const pages: Choice[] = [{ key: 'dashboard' as const, to: '/' }, ...navigationGroups.flatMap(({ entries }) => entries)]
    .map(({ key, to }) => ({ key: `page ${key}`, title: say(key), choose: () => go(to) }))
    .filter(({ title }) => matches(title));
  const objects: Choice[] = (found.data ?? []).map((one: Found) => ({
    key: `object ${one.id}`,
    title: one.name,
    detail: say(one.kind),
    choose: () => go(one.to),
  }));
  const groups = [
    { title: say('palette.objects'), choices: objects },
    { title: say('palette.actions'), choices: actions },
    { title: say('palette.pages'), choices: pages },
  ].filter(({ choices }) => choices.length > 0);
  const all = groups.flatMap(({ choices }) => choices);
  const chosen = all[Math.min(at, all.length - 1)];
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      setAt(all.length === 0 ? 0 : (Math.min(at, all.length - 1) + (event.key === 'ArrowDown' ? 1 : all.length - 1)) % all.length);
    } else if (event.key === 'Enter' && chosen && !chosen.disabled) {
      event.preventDefault();
      chosen.choose();
    }
  };
  const elementOf = (choice: Choice | undefined) => (choice ? `${id}-${all.indexOf(choice)}` : undefined);
  useEffect(() => {
    document.getElementById(elementOf(chosen) ?? '')?.scrollIntoView({ block: 'nearest' });
  });
  return (
    <Modal isOpen variant="small" position="top" aria-labelledby={`${id}-title`} onClose={onClose} elementToFocus={`[id="${id}-input"]`}>
      <ModalHeader labelId={`${id}-title`} title={say('palette.title')} description={say('palette.hint')} />
      <ModalBody>
        <SearchField
          id={`${id}-input`}
          label={say('palette.placeholder')}
          placeholder={say('palette.placeholder')}
          clear={say('palette.clear')}
          value={text}
          onChange={(next) => {
            setText(next);
            setAt(0);
          }}
          onKeyDown={onKeyDown}
          onClear={() => setText('')}
          list={`${id}-list`}
          expanded={all.length > 0}
          chosen={elementOf(chosen)}
        />
        <Menu isPlain isScrollable>
          <MenuContent>
            <div id={`${id}-list`} role="listbox" aria-label={say('palette.title')}>
              {groups.map(({ title, choices }) => (
                <MenuGroup key={title} label={title} labelHeadingLevel="h2">
                  <MenuList role="group" aria-label={title}>
                    {choices.map((choice) => (
                      <MenuItem
                        key={choice.key}
                        id={elementOf(choice) ?? ''}
                        role="option"
                        aria-selected={choice === chosen}
                        isFocused={choice === chosen}
                        isAriaDisabled={choice.disabled ?? false}
                        description={choice.detail}
                        tabIndex={-1}
                        onClick={() => !choice.disabled && choice.choose()}
                      >
                        {choice.title}
                      </MenuItem>
                    ))}
                  </MenuList>
                </MenuGroup>
              ))}
            </div>
          </MenuContent>
        </Menu>
        {all.length === 0 && !found.isFetching && <p role="status">{say('palette.nothing')}</p>}
      </ModalBody>
    </Modal>
  );
}
