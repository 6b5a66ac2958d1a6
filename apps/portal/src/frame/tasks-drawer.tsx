import type { Api } from '@ostler/contract/schema';
import {
  Button,
  EmptyState,
  EmptyStateBody,
  ExpandableSection,
  NotificationDrawer,
  NotificationDrawerBody,
  NotificationDrawerHeader,
  NotificationDrawerList,
  NotificationDrawerListItem,
  NotificationDrawerListItemBody,
  NotificationDrawerListItemHeader,
  Progress,
  ProgressStep,
  ProgressStepper,
  Switch,
} from '@patternfly/react-core';
import { ListIcon } from '@patternfly/react-icons';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { api } from '../api/client.ts';
import { sessionState } from '../api/session.ts';
import { sentenceOf } from '../components/failure.tsx';
import { Line } from '../components/line.tsx';
import { Moment, useNow } from '../components/moment.tsx';
import { duration } from '../format/amounts.ts';
import { language } from '../i18n/language.ts';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { remaining } from './remaining.ts';
import { frameTexts } from './texts.ts';
import { toast } from './toasts.ts';

type Job = Api['job'];

/** What runs, and what ran lately: steps, how far, how long still. Jobs live in the manager, so a reload loses none. */
export default function TasksDrawer({ onClose }: { onClose: () => void }): ReactNode {
  const say = useTexts(frameTexts);
  const [mine, setMine] = useState(false);
  const state = useStore(sessionState);
  const me = 'session' in state ? state.session.userId : '';
  const { data = [] } = useQuery({
    queryKey: ['job', 'list', 'recent'],
    queryFn: ({ signal }) => api.jobs.list({ search: 'sortby start_time desc', max: 50, signal }),
  });
  const running = data.filter(({ status }) => status === 'started').length;
  const shown = mine ? data.filter(({ owner }) => owner?.id === me) : data;
  return (
    <NotificationDrawer aria-label={say('tasks')}>
      <NotificationDrawerHeader
        title={say('tasks')}
        customText={running > 0 ? say('tasks.running', { count: running }) : ' '}
        onClose={onClose}
        closeButtonAriaLabel={say('close')}
      >
        <Switch label={say('tasks.mine')} isChecked={mine} onChange={(_event, checked) => setMine(checked)} isReversed />
      </NotificationDrawerHeader>
      <NotificationDrawerBody>
        {shown.length === 0 ? (
          <EmptyState headingLevel="h2" titleText={say('tasks.none')} icon={ListIcon}>
            <EmptyStateBody>{say('tasks.none.detail')}</EmptyStateBody>
          </EmptyState>
        ) : (
          <NotificationDrawerList aria-label={say('tasks')}>
            {shown.map((job) => (
              <Task key={job.id} job={job} />
            ))}
          </NotificationDrawerList>
        )}
      </NotificationDrawerBody>
    </NotificationDrawer>
  );
}

const variants = { started: 'info', finished: 'success', failed: 'danger', aborted: 'warning', unknown: 'custom' } as const;

function Task({ job }: { job: Job }): ReactNode {
  const say = useTexts(frameTexts);
  const spoken = useStore(language);
  const now = useNow(1_000);
  const [open, setOpen] = useState(false);
  const status = job.status ?? 'unknown';
  const began = job.start_time?.getTime() ?? now;
  const seconds = ((job.end_time?.getTime() ?? now) - began) / 1000;
  const progress = job.progress ?? 0;
  const lasts = duration(seconds, spoken);
  const left = status === 'started' ? remaining(seconds, progress) : undefined;
  const variant = job.needs_attention ? 'danger' : variants[status];
  const steer = async (what: 'cancel' | 'resume' | 'abandon') => {
    try {
      await api.jobs(job.id ?? '')[what]();
    } catch (error) {
      toast({ variant: 'danger', title: sentenceOf(error) });
    }
  };
  return (
    <NotificationDrawerListItem variant={variant} isRead={status !== 'started'} isHoverable={false} tabIndex={-1}>
      <NotificationDrawerListItemHeader variant={variant} title={job.description ?? ''} headingLevel="h2" />
      <NotificationDrawerListItemBody timestamp={<Moment at={job.start_time} />}>
        {status === 'started' && (
          <Progress
            aria-label={job.description}
            value={progress}
            size="sm"
            measureLocation="outside"
            {...(job.needs_attention && { variant: 'danger' as const })}
          />
        )}
        <div>
          {job.needs_attention ? say('job.attention') : say(`job.${status}`)} ·{' '}
          {say(status === 'started' ? 'task.since' : 'task.took', { time: lasts })}
          {left !== undefined && ` · ${say('task.remaining', { time: duration(left, spoken) })}`}
        </div>
        {job.problem !== undefined && <div>{job.problem}</div>}
        <Line>
          {status === 'started' && !job.needs_attention && (
            <Button variant="link" isInline isDisabled={job.cancel_requested === true} onClick={() => void steer('cancel')}>
              {say(job.cancel_requested ? 'task.cancelling' : 'task.cancel')}
            </Button>
          )}
          {job.needs_attention && (
            <>
              <Button variant="link" isInline onClick={() => void steer('resume')}>
                {say('task.resume')}
              </Button>
              <Button variant="link" isInline isDanger onClick={() => void steer('abandon')}>
                {say('task.abandon')}
              </Button>
            </>
          )}
        </Line>
        <ExpandableSection toggleText={say('task.steps')} isExpanded={open} onToggle={(_event, next) => setOpen(next)}>
          {open && <Steps job={job.id ?? ''} />}
        </ExpandableSection>
      </NotificationDrawerListItemBody>
    </NotificationDrawerListItem>
  );
}

const stepLooks = { started: 'info', finished: 'success', failed: 'danger', aborted: 'warning', unknown: 'pending' } as const;

function Steps({ job }: { job: string }): ReactNode {
  const say = useTexts(frameTexts);
  const { data = [] } = useQuery({
    queryKey: ['job', 'item', job, 'steps'],
    queryFn: ({ signal }) => api.jobs(job).steps.list({ signal }),
  });
  return (
    <ProgressStepper isVertical isCompact={false} aria-label={say('task.steps')}>
      {data.map(({ id, description = '', status = 'unknown', progress }) => (
        <ProgressStep
          key={id}
          id={`step-${id}`}
          titleId={`step-title-${id}`}
          variant={stepLooks[status]}
          aria-label={`${description}: ${say(`job.${status}`)}`}
        >
          {description}
          {status === 'started' && progress !== undefined && ` · ${progress} %`}
        </ProgressStep>
      ))}
    </ProgressStepper>
  );
}
