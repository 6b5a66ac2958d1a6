import type { Phrase } from '@ostler/domain/plan';
import type { Reader } from '../access/login.ts';
import { visibleTo } from '../access/visibility.ts';
import { row, rows, sql, type Queries, type Sql } from '../db/database.ts';
import type { SearchResult } from '../search/sql.ts';
import type { JobFailure } from './definition.ts';
import type { JobState } from './store.ts';

/** Jobs as readers see them: without their plans. */
export interface JobView {
  readonly id: string;
  readonly title: Phrase;
  readonly state: JobState;
  readonly cancelRequested: boolean;
  readonly error: JobFailure | null;
  readonly owner: string | null;
  readonly external: boolean;
  readonly autoCleared: boolean;
  readonly correlation: string;
  readonly startedAt: Date;
  readonly updatedAt: Date;
  readonly endedAt: Date | null;
  readonly steps: number;
  readonly done: number;
}

const select = sql`select j.id, j.title, j.state, j.cancel_requested as "cancelRequested", j.error, j.owner_id as owner, j.external, j.auto_cleared as "autoCleared", j.correlation_id as correlation,
    j.started_at as "startedAt", j.updated_at as "updatedAt", j.ended_at as "endedAt",
    (select count(*) from job_steps s where s.job_id = j.id) as steps,
    (select coalesce(sum(case when s.state = 'done' then 100 else coalesce(s.progress, 0) end), 0) from job_steps s where s.job_id = j.id) as done
  from jobs j`;

/** RHV knows five statuses. Clients wait while a job is `started`, so a job that still holds its objects is. */
const status = sql`case j.state when 'finished' then 'finished' when 'failed' then 'failed' when 'aborted' then 'aborted' else 'started' end`;

/** The title is code and parameters; a search looks at the parameters, which are the names that people search for. */
export const searchColumns: Readonly<Record<string, Sql>> = {
  id: sql`j.id`,
  correlation_id: sql`j.correlation_id`,
  status,
  description: sql`(select string_agg(value, ' ') from jsonb_each_text(j.title -> 'parameters'))`,
  start_time: sql`j.started_at`,
  end_time: sql`j.ended_at`,
};

export const listJobs = (db: Queries, reader: Reader, search: SearchResult) =>
  rows<JobView>(
    db,
    sql`${select} where ${visibleTo(reader, 'job', sql`j.id`)} and ${search.condition} order by ${search.order(sql`j.started_at desc, j.id`)} ${search.page}`,
  );

export const findJobView = (db: Queries, reader: Reader, id: string) =>
  row<JobView>(db, sql`${select} where j.id = ${id} and ${visibleTo(reader, 'job', sql`j.id`)}`);
