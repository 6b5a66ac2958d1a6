import { queryOptions } from '@tanstack/react-query';
import { api } from '../api/client.ts';
import { remembered } from '../store.ts';

/** What happened last, the newest first. */
export const recentEvents = queryOptions({
  queryKey: ['event', 'list', 'recent'],
  queryFn: ({ signal }) => api.events.list({ search: 'sortby time desc', max: 50, signal }),
});

/** The index of the newest event that was looked at in this browser. */
export const lastReadEvent = remembered<string>('events.read', '0', (text): text is string => /^\d+$/.test(text));
