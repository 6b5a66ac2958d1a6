import { Modal, ModalBody, ModalHeader } from '@patternfly/react-core';
import { useId, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import { LoginForm } from './login-page.tsx';
import { loginTexts } from './texts.ts';

/** Over whatever was on the screen when the session ended: it is still there afterwards. */
export default function LoginAgain({ user }: { user: string }): ReactNode {
  const say = useTexts(loginTexts);
  const title = useId();
  return (
    <Modal isOpen variant="small" aria-labelledby={title}>
      <ModalHeader title={say('ended')} labelId={title} description={say('ended.detail')} />
      <ModalBody>
        <LoginForm user={user} />
      </ModalBody>
    </Modal>
  );
}
