import { useEffect, useState, type ReactNode } from 'react';
import { duration, moment, relative } from '../format/amounts.ts';
import { language } from '../i18n/language.ts';
import { useStore } from '../store.ts';

/** The time, every so many milliseconds. */
export function useNow(every: number): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every]);
  return now;
}

/** When something happened: as people say it, and exactly on asking. */
export function Moment({ at }: { at: Date | undefined }): ReactNode {
  const spoken = useStore(language);
  const now = useNow(30_000);
  if (!at) return '–';
  return (
    <time dateTime={at.toISOString()} title={moment(at, spoken)}>
      {relative(at, now, spoken)}
    </time>
  );
}

/** How long something has lasted. */
export function Since({ at }: { at: Date | undefined }): ReactNode {
  const spoken = useStore(language);
  const now = useNow(10_000);
  if (!at) return '–';
  return (
    <time dateTime={at.toISOString()} title={moment(at, spoken)}>
      {duration((now - at.getTime()) / 1000, spoken)}
    </time>
  );
}
