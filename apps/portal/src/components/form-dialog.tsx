import { ApiFault, type CallOptions, type Client } from '@ostler/contract/client-core';
import type { Api } from '@ostler/contract/schema';
import {
  Alert,
  Button,
  Form,
  List,
  ListItem,
  Modal,
  ModalBody,
  ModalFooter,
  ModalHeader,
  Tab,
  Tabs,
  TabTitleText,
} from '@patternfly/react-core';
import { ExclamationCircleIcon } from '@patternfly/react-icons';
import { useId, useState, type ReactNode } from 'react';
import { FormProvider, type FieldValues, type Path, type UseFormReturn } from 'react-hook-form';
import { api } from '../api/client.ts';
import { useTexts } from '../i18n/texts.ts';
import { ApiCallView } from './api-call.tsx';
import { fieldFor } from './field-for.ts';
import { sentenceOf } from './failure.tsx';
import { commonTexts } from './texts.ts';
import { useNarrow } from './use-narrow.ts';

export interface FormTab<V extends FieldValues> {
  readonly key: string;
  readonly title: string;
  /** Its fields: a tab with an error is marked, and opened when somebody submits. */
  readonly fields: readonly Path<V>[];
  readonly advanced?: boolean;
  readonly content: ReactNode;
}

interface FormDialogProps<V extends FieldValues> {
  readonly title: string;
  readonly form: UseFormReturn<V>;
  /** The dialog's content, or its tabs. */
  readonly children?: ReactNode;
  readonly tabs?: readonly FormTab<V>[];
  readonly submit: string;
  /** What the form does. It is also asked for its plan, and written down as a request. */
  readonly call: (client: Client, values: V, options: CallOptions) => Promise<unknown>;
  /** Where the manager's names of fields are in the form: `vm.memory` → `memory`. The longest that fits counts. */
  readonly fields: Readonly<Record<string, Path<V>>>;
  readonly onDone: (result: unknown) => void;
  readonly onClose: () => void;
}

/** A dialog with a form: it keeps what was typed when it is refused, shows each refusal at its field, and the same as an API call. */
export function FormDialog<V extends FieldValues>(props: FormDialogProps<V>): ReactNode {
  const { title, form, children, tabs = [], submit, call, fields, onDone, onClose } = props;
  const say = useTexts(commonTexts);
  const heading = useId();
  const narrow = useNarrow();
  const [advanced, setAdvanced] = useState(false);
  const [active, setActive] = useState(tabs[0]?.key ?? '');
  const [refusal, setRefusal] = useState<string>();
  const [plan, setPlan] = useState<Api['plan']>();
  const [busy, setBusy] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const { errors, isDirty } = form.formState;

  const shown = tabs.filter((tab) => advanced || tab.advanced !== true);
  const hasError = (tab: FormTab<V>) => tab.fields.some((field) => form.getFieldState(field).error !== undefined);
  const openFirst = () => {
    const wrong = tabs.find(hasError);
    if (!wrong) return;
    if (wrong.advanced) setAdvanced(true);
    setActive(wrong.key);
  };
  const refused = (error: unknown) => {
    const field = error instanceof ApiFault && error.field !== undefined ? fieldFor(fields, error.field) : undefined;
    const sentence = sentenceOf(error);
    if (field === undefined) return setRefusal(sentence);
    form.setError(field, { type: 'manager', message: sentence.replace(/ \[[\w.]+\]$/, '') });
    openFirst();
    setTimeout(() => form.setFocus(field));
  };
  const attempt = async (work: (values: V) => Promise<void>) => {
    setRefusal(undefined);
    setPlan(undefined);
    setBusy(true);
    try {
      await form.handleSubmit(work, openFirst)();
    } catch (error) {
      refused(error);
    } finally {
      setBusy(false);
    }
  };
  const send = () => attempt(async (values) => onDone(await call(api, values, {})));
  const preview = () => attempt(async (values) => setPlan(planIn(await call(api, values, { dryRun: true }))));
  const leave = () => (isDirty && !leaving ? setLeaving(true) : onClose());
  // Read here so that the marks of tabs follow.
  void errors;
  return (
    <Modal
      isOpen
      variant={tabs.length > 0 ? 'large' : 'medium'}
      aria-labelledby={heading}
      onClose={leave}
      onEscapePress={leave}
      elementToFocus={focusIn(`${heading}-form`)}
    >
      <ModalHeader labelId={heading} title={title} />
      <ModalBody>
        <div>
          <FormProvider {...form}>
            <Form
              id={`${heading}-form`}
              noValidate
              onSubmit={(event) => {
                event.preventDefault();
                void send();
              }}
            >
              {refusal !== undefined && (
                <Alert isInline isLiveRegion variant="danger" title={say('form.refused')}>
                  {refusal}
                </Alert>
              )}
              {leaving && (
                <Alert
                  isInline
                  isLiveRegion
                  variant="warning"
                  title={say('form.leave')}
                  actionLinks={
                    <>
                      <Button variant="link" isInline onClick={() => setLeaving(false)}>
                        {say('form.leave.stay')}
                      </Button>
                      <Button variant="link" isInline isDanger onClick={onClose}>
                        {say('form.leave.go')}
                      </Button>
                    </>
                  }
                >
                  {say('form.leave.detail')}
                </Alert>
              )}
              {plan && <PlanView plan={plan} />}
              {tabs.length === 0 ? (
                children
              ) : (
                <div className="ostler-form-tabs">
                  <Tabs isVertical={!narrow} activeKey={active} onSelect={(_event, key) => setActive(String(key))} aria-label={title}>
                    {shown.map((tab) => (
                      <Tab
                        key={tab.key}
                        eventKey={tab.key}
                        tabContentId={`${heading}-content`}
                        title={
                          <TabTitleText>
                            {tab.title}{' '}
                            {hasError(tab) && (
                              <ExclamationCircleIcon
                                color="var(--pf-t--global--icon--color--status--danger--default)"
                                role="img"
                                aria-label={say('form.section.error')}
                              />
                            )}
                          </TabTitleText>
                        }
                      />
                    ))}
                  </Tabs>
                  <div id={`${heading}-content`} role="tabpanel" aria-label={shown.find(({ key }) => key === active)?.title}>
                    {tabs.map((tab) => (
                      <div key={tab.key} hidden={tab.key !== active}>
                        <div className="pf-v6-c-form">{tab.content}</div>
                      </div>
                    ))}
                  </div>
                </div>
              )}
            </Form>
          </FormProvider>
          <ApiCallView call={(client) => call(client, form.getValues(), {})} />
        </div>
      </ModalBody>
      <ModalFooter>
        <Button variant="primary" type="submit" form={`${heading}-form`} isLoading={busy} isAriaDisabled={busy}>
          {submit}
        </Button>
        <Button variant="secondary" onClick={() => void preview()} isAriaDisabled={busy}>
          {say('form.preview')}
        </Button>
        {tabs.some((tab) => tab.advanced) && (
          <Button variant="link" onClick={() => setAdvanced(!advanced)}>
            {say(advanced ? 'form.basic' : 'form.advanced')}
          </Button>
        )}
        <Button variant="link" onClick={leave}>
          {say('cancel')}
        </Button>
      </ModalFooter>
    </Modal>
  );
}

/** What the manager would do: its effects and steps, or why not. */
function PlanView({ plan }: { plan: Api['plan'] }): ReactNode {
  const say = useTexts(commonTexts);
  const sentences =
    plan.allowed === false
      ? (plan.reasons ?? []).map(({ text }) => text ?? '')
      : [...(plan.effects ?? []), ...(plan.steps ?? []).map(({ title }) => title ?? '')];
  const title = plan.allowed === false ? say('confirm.refused') : (plan.title ?? say('confirm.effects'));
  return (
    <Alert isInline isLiveRegion variant={plan.allowed === false ? 'warning' : 'info'} title={title}>
      <List>
        {sentences.map((one) => (
          <ListItem key={one}>{one}</ListItem>
        ))}
      </List>
    </Alert>
  );
}

/** The field where a person begins: the one that asks for it, or the first. */
const focusIn = (form: string): string => {
  const inForm = (what: string) => `[id="${form}"] ${what}`;
  return `${inForm('[data-autofocus]')}, [id="${form}"]:not(:has([data-autofocus])) :is(input, select, textarea)`;
};

const planIn = (answer: unknown): Api['plan'] => (typeof answer === 'object' && answer !== null ? answer : {});
