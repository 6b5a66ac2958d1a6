import { Button, TextInputGroup, TextInputGroupMain, TextInputGroupUtilities } from '@patternfly/react-core';
import { SearchIcon, TimesIcon } from '@patternfly/react-icons';
import type { KeyboardEvent, ReactNode, RefObject } from 'react';

interface SearchFieldProps {
  readonly id: string;
  readonly label: string;
  readonly placeholder: string;
  readonly clear: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocus?: () => void;
  readonly onClear: () => void;
  /** The list of what may be chosen, whether it is there, and the element that is chosen in it. */
  readonly list: string;
  readonly expanded: boolean;
  readonly chosen: string | undefined;
  readonly inputRef?: RefObject<HTMLInputElement | null>;
}

/** A field to search in, with a list below it that the arrow keys walk through. */
export function SearchField(props: SearchFieldProps): ReactNode {
  const { id, label, placeholder, clear, value, onChange, onKeyDown, onFocus, onClear, list, expanded, chosen, inputRef } = props;
  return (
    <TextInputGroup>
      <TextInputGroupMain
        icon={<SearchIcon />}
        value={value}
        placeholder={placeholder}
        aria-label={label}
        role="combobox"
        aria-expanded={expanded}
        isExpanded={expanded}
        aria-controls={list}
        {...(chosen !== undefined && { 'aria-activedescendant': chosen })}
        inputId={id}
        inputProps={{ autoComplete: 'off', spellCheck: false, 'aria-autocomplete': 'list', onKeyDown, onClick: onFocus, onFocus }}
        onChange={(_event, next) => onChange(next)}
        {...(inputRef !== undefined && { innerRef: inputRef })}
      />
      {value !== '' && (
        <TextInputGroupUtilities>
          <Button variant="plain" aria-label={clear} icon={<TimesIcon />} onClick={onClear} />
        </TextInputGroupUtilities>
      )}
    </TextInputGroup>
  );
}
