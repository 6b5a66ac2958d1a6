import type { Client } from '@ostler/contract/client-core';
import { ClipboardCopyButton, CodeBlock, CodeBlockAction, CodeBlockCode, Content, ExpandableSection } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { useId, useState, type ReactNode } from 'react';
import { describeCall } from '../api/client.ts';
import { curlOf } from '../api/curl.ts';
import { useTexts } from '../i18n/texts.ts';
import { commonTexts } from './texts.ts';

/** The same by the API: a `curl` that does what the form or the question would. */
export function ApiCallView({ call }: { call: (client: Client) => Promise<unknown> }): ReactNode {
  const say = useTexts(commonTexts);
  const [open, setOpen] = useState(false);
  return (
    <ExpandableSection toggleText={say('form.api')} isExpanded={open} onToggle={(_event, next) => setOpen(next)} isIndented>
      {open && <Curl call={call} />}
    </ExpandableSection>
  );
}

function Curl({ call }: { call: (client: Client) => Promise<unknown> }): ReactNode {
  const say = useTexts(commonTexts);
  const code = useId();
  const [copied, setCopied] = useState(false);
  const described = useQuery({ queryKey: ['described'], gcTime: 0, staleTime: 0, queryFn: async () => (await describeCall(call)) ?? null });
  if (!described.data) return null;
  const text = curlOf(described.data);
  const copy = () => {
    void navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <>
      <Content component="small">{say('form.api.detail')}</Content>
      <CodeBlock
        actions={
          <CodeBlockAction>
            <ClipboardCopyButton id={`${code}-copy`} textId={code} aria-label={say('form.api.copy')} onClick={copy} variant="plain">
              {say(copied ? 'form.api.copied' : 'form.api.copy')}
            </ClipboardCopyButton>
          </CodeBlockAction>
        }
      >
        <CodeBlockCode id={code}>{text}</CodeBlockCode>
      </CodeBlock>
    </>
  );
}
