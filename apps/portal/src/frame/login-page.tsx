import {
  Alert,
  Bullseye,
  Button,
  Card,
  CardBody,
  CardTitle,
  Content,
  Form,
  FormGroup,
  HelperText,
  HelperTextItem,
  InputGroup,
  InputGroupItem,
  TextInput,
} from '@patternfly/react-core';
import { EyeIcon, EyeSlashIcon } from '@patternfly/react-icons';
import { useEffect, useId, useRef, useState, type ReactNode } from 'react';
import { LoginRefused, logIn } from '../api/session.ts';
import { useTexts } from '../i18n/texts.ts';
import { frameTexts, loginTexts } from './texts.ts';

export default function LoginPage(): ReactNode {
  const say = useTexts(loginTexts);
  const frame = useTexts(frameTexts);
  useEffect(() => {
    document.title = `${say('title')} · ${frame('product')}`;
  }, [say, frame]);
  return (
    <main className="ostler-login">
      <Bullseye>
        <Card className="ostler-login-card">
          <CardTitle component="h1">{frame('product')}</CardTitle>
          <CardBody>
            <Content component="p">{say('subtitle')}</Content>
            <LoginForm user="" />
          </CardBody>
        </Card>
      </Bullseye>
    </main>
  );
}

/** Name and password, and what was wrong with them. */
export function LoginForm({ user }: { user: string }): ReactNode {
  const say = useTexts(loginTexts);
  const id = useId();
  const [name, setName] = useState(user);
  const [password, setPassword] = useState('');
  const [visible, setVisible] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => first.current?.focus(), []);

  const submit = async () => {
    if (name.trim() === '' || password === '') return setProblem(say('empty'));
    setBusy(true);
    setProblem(undefined);
    try {
      await logIn(name.trim(), password);
    } catch (error) {
      setProblem(error instanceof LoginRefused && error.message !== '' ? error.message : say('unreachable'));
      setBusy(false);
    }
  };
  return (
    <Form
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      {problem !== undefined && <Alert isInline isLiveRegion variant="danger" title={problem} />}
      <FormGroup label={say('user')} fieldId={`${id}-user`} isRequired>
        <TextInput
          id={`${id}-user`}
          ref={user === '' ? first : undefined}
          value={name}
          onChange={(_event, value) => setName(value)}
          autoComplete="username"
          aria-describedby={`${id}-help`}
          spellCheck={false}
          isRequired
        />
        <HelperText id={`${id}-help`}>
          <HelperTextItem>{say('user.help')}</HelperTextItem>
        </HelperText>
      </FormGroup>
      <FormGroup label={say('password')} fieldId={`${id}-password`} isRequired>
        <InputGroup>
          <InputGroupItem isFill>
            <TextInput
              id={`${id}-password`}
              ref={user === '' ? undefined : first}
              type={visible ? 'text' : 'password'}
              value={password}
              onChange={(_event, value) => setPassword(value)}
              autoComplete="current-password"
              isRequired
            />
          </InputGroupItem>
          <InputGroupItem>
            <Button
              variant="control"
              aria-label={say(visible ? 'password.hide' : 'password.show')}
              onClick={() => setVisible(!visible)}
              icon={visible ? <EyeSlashIcon /> : <EyeIcon />}
            />
          </InputGroupItem>
        </InputGroup>
      </FormGroup>
      <Button type="submit" variant="primary" isBlock isLoading={busy} isAriaDisabled={busy}>
        {say('submit')}
      </Button>
    </Form>
  );
}
