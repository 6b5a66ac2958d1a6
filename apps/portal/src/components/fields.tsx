import {
  Checkbox,
  FormGroup,
  FormHelperText,
  FormSelect,
  FormSelectOption,
  HelperText,
  HelperTextItem,
  TextArea,
  TextInput,
} from '@patternfly/react-core';
import { useId, type ReactNode } from 'react';
import { Controller, useFormContext, type FieldValues, type Path } from 'react-hook-form';
import { useTexts } from '../i18n/texts.ts';
import { commonTexts } from './texts.ts';

/** The fields of forms: each knows its label, its help, and shows what the manager said about it. */
interface FieldProps<V extends FieldValues> {
  readonly name: Path<V>;
  readonly label: string;
  readonly help?: string | undefined;
  readonly required?: boolean;
  readonly disabled?: boolean;
}

interface InnerProps {
  readonly id: string;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly onBlur: () => void;
  readonly validated: 'error' | 'default';
  readonly describedBy: string;
  readonly inputRef: (element: HTMLElement | null) => void;
}

function Field<V extends FieldValues>({
  name,
  label,
  help,
  required = false,
  number = false,
  render,
}: FieldProps<V> & { number?: boolean; render: (inner: InnerProps) => ReactNode }): ReactNode {
  const id = useId();
  const say = useTexts(commonTexts);
  const { control } = useFormContext<V>();
  const fits = (value: unknown): true | string => {
    const text = String(value ?? '').trim();
    if (required && text === '') return say('form.fill');
    return !number || text === '' || /^-?\d+$/.test(text) ? true : say('form.number');
  };
  return (
    <Controller
      control={control}
      name={name}
      rules={{ validate: fits }}
      render={({ field, fieldState: { error } }) => (
        <FormGroup label={label} fieldId={id} isRequired={required}>
          {render({
            id,
            value: field.value,
            onChange: field.onChange,
            onBlur: field.onBlur,
            validated: error ? 'error' : 'default',
            describedBy: `${id}-help`,
            inputRef: field.ref,
          })}
          {(help !== undefined || error) && (
            <FormHelperText>
              <HelperText id={`${id}-help`} isLiveRegion={error !== undefined}>
                <HelperTextItem variant={error ? 'error' : 'default'}>{error ? error.message : help}</HelperTextItem>
              </HelperText>
            </FormHelperText>
          )}
        </FormGroup>
      )}
    />
  );
}

const text = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

interface TextFieldProps<V extends FieldValues> extends FieldProps<V> {
  readonly type?: 'text' | 'password' | 'number';
  readonly suffix?: string;
  /** Where a person begins who opens the dialog. */
  readonly first?: boolean;
}

export function TextField<V extends FieldValues>({ type = 'text', first = false, ...props }: TextFieldProps<V>): ReactNode {
  return (
    <Field<V>
      {...props}
      number={type === 'number'}
      render={({ id, value, onChange, onBlur, validated, describedBy, inputRef }) => (
        <TextInput
          id={id}
          // As text: what is no number is said, not swallowed by the browser.
          type={type === 'number' ? 'text' : type}
          {...(type === 'number' && { inputMode: 'numeric' as const })}
          value={text(value)}
          onChange={(_event, next) => onChange(next)}
          onBlur={onBlur}
          validated={validated}
          aria-describedby={describedBy}
          isRequired={props.required ?? false}
          isDisabled={props.disabled ?? false}
          ref={inputRef}
          {...(first && { 'data-autofocus': true })}
        />
      )}
    />
  );
}

export function AreaField<V extends FieldValues>(props: FieldProps<V> & { rows?: number }): ReactNode {
  return (
    <Field<V>
      {...props}
      render={({ id, value, onChange, onBlur, validated, describedBy }) => (
        <TextArea
          id={id}
          value={text(value)}
          rows={props.rows ?? 3}
          resizeOrientation="vertical"
          onChange={(_event, next) => onChange(next)}
          onBlur={onBlur}
          validated={validated}
          aria-describedby={describedBy}
        />
      )}
    />
  );
}

export interface Choice {
  readonly value: string;
  readonly title: string;
  readonly disabled?: boolean;
}

export function SelectField<V extends FieldValues>({ choices, ...props }: FieldProps<V> & { choices: readonly Choice[] }): ReactNode {
  return (
    <Field<V>
      {...props}
      render={({ id, value, onChange, onBlur, validated, describedBy }) => (
        <FormSelect
          id={id}
          value={text(value)}
          onChange={(_event, next) => onChange(next)}
          onBlur={onBlur}
          validated={validated}
          aria-describedby={describedBy}
          isDisabled={props.disabled ?? false}
        >
          {choices.map(({ value: choice, title, disabled = false }) => (
            <FormSelectOption key={choice} value={choice} label={title} isDisabled={disabled} />
          ))}
        </FormSelect>
      )}
    />
  );
}

export function CheckField<V extends FieldValues>({ name, label, help, disabled = false }: FieldProps<V>): ReactNode {
  const id = useId();
  const { control } = useFormContext<V>();
  return (
    <Controller
      control={control}
      name={name}
      render={({ field, fieldState: { error } }) => (
        <FormGroup role="group">
          <Checkbox
            id={id}
            label={label}
            description={error?.message ?? help}
            isChecked={field.value === true}
            isDisabled={disabled}
            onChange={(_event, checked) => field.onChange(checked)}
            onBlur={field.onBlur}
            ref={field.ref}
          />
        </FormGroup>
      )}
    />
  );
}
