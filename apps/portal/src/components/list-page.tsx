import type { SearchNoun } from '@ostler/domain/search/fields';
import { EmptyState, EmptyStateBody, EmptyStateFooter, PageSection } from '@patternfly/react-core';
import { CubesIcon, SearchIcon } from '@patternfly/react-icons';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useState, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import type { ObjectAction, Row } from './action.ts';
import { BulkActions } from './bulk-actions.tsx';
import { useColumns } from './column-choice.tsx';
import type { Column } from './column.ts';
import { Failure } from './failure.tsx';
import { ObjectTable, type Sort } from './object-table.tsx';
import { PageHeader, type Crumb } from './page-header.tsx';
import { SearchBar } from './search-bar.tsx';
import { commonTexts } from './texts.ts';
import { useRows, type PageOptions } from './use-rows.ts';

export interface ListPageProps<T extends Row> {
  /** The noun of the change log, which keeps the list true. */
  readonly noun: string;
  readonly search: SearchNoun;
  readonly title: string;
  readonly crumbs: readonly Crumb[];
  readonly read: (options: PageOptions) => Promise<T[]>;
  readonly columns: readonly Column<T>[];
  readonly actions?: readonly ObjectAction<T>[];
  /** Beside the heading: what makes a new one. */
  readonly primary?: ReactNode;
  /** Known values of fields, for completion of searches. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
  /** What is said where there is nothing yet: what these objects are, and how to get the first. */
  readonly empty: { readonly title: string; readonly detail: string };
}

const noValues = {};
const noActions: readonly never[] = [];

/** A noun's list: search, sort and columns in the address, selection across changes, rows as many as there are. */
export function ListPage<T extends Row>(props: ListPageProps<T>): ReactNode {
  const { noun, search: searchNoun, title, crumbs, read, columns, actions = noActions, primary, values = noValues, empty } = props;
  const say = useTexts(commonTexts);
  const { q = '', sort: sortText } = useSearch({ strict: false });
  const navigate = useNavigate();
  const sort = readSort(sortText);
  const [inView, setInView] = useState({ first: 0, last: 0 });
  const [selected, setSelected] = useState<ReadonlyMap<string, T>>(new Map());
  const { shown, choice } = useColumns(noun, columns);
  const text = sort === undefined || /\bsortby\b/i.test(q) ? q : `${q} sortby ${sort.field} ${sort.descending ? 'desc' : 'asc'}`.trim();
  const rows = useRows<T>(noun, text, inView, read);

  const change = (next: { q?: string; sort?: Sort }) =>
    void navigate({
      to: '.',
      replace: next.q === undefined,
      search: (before: Record<string, unknown>) => ({
        ...before,
        ...(next.q !== undefined && { q: next.q === '' ? undefined : next.q }),
        ...(next.sort && { sort: `${next.sort.field}.${next.sort.descending ? 'desc' : 'asc'}` }),
      }),
    });
  const onView = useCallback((first: number, last: number) => setInView({ first, last }), []);
  const onSelect = useCallback(
    (these: readonly T[], chosen: boolean) =>
      setSelected((before) => {
        const after = new Map(before);
        for (const row of these) {
          if (chosen) after.set(row.id ?? '', row);
          else after.delete(row.id ?? '');
        }
        return after;
      }),
    [],
  );
  // What is selected is shown as it is now, where it is still loaded.
  const now = new Map(rows.loaded.map((row) => [row.id ?? '', row]));
  const selection = [...selected].map(([id, row]) => now.get(id) ?? row);
  const nothing = !rows.pending && rows.count === 0 && rows.error === null;
  return (
    <>
      <PageHeader crumbs={crumbs} title={title} actions={primary} />
      <PageSection isFilled hasOverflowScroll={false} aria-label={title} className="ostler-fill">
        <div className="ostler-list" aria-busy={rows.fetching}>
          <div className="ostler-line ostler-tools">
            <SearchBar noun={searchNoun} value={q} values={values} onSearch={(next) => change({ q: next })} />
            {selection.length > 0 && <BulkActions rows={selection} actions={actions} onClear={() => setSelected(new Map())} />}
            <output>
              {rows.pending ? say('loading') : rows.more ? say('rows.more', { count: rows.count - 1 }) : say('rows', { count: rows.count })}
            </output>
            {choice}
          </div>
          {rows.error !== null ? (
            <Failure error={rows.error} retry={rows.retry} />
          ) : nothing ? (
            <Nothing searched={q !== ''} empty={empty} primary={primary} />
          ) : (
            <ObjectTable
              label={title}
              rows={rows.pending ? { ...rows, count: 8 } : rows}
              columns={shown}
              actions={actions}
              sort={sort}
              onSort={(next) => change({ sort: next })}
              selected={selected}
              onSelect={onSelect}
              onView={onView}
            />
          )}
        </div>
      </PageSection>
    </>
  );
}

function Nothing({
  searched,
  empty,
  primary,
}: {
  searched: boolean;
  empty: { title: string; detail: string };
  primary: ReactNode;
}): ReactNode {
  const say = useTexts(commonTexts);
  return (
    <EmptyState headingLevel="h2" titleText={searched ? say('nothing.found') : empty.title} icon={searched ? SearchIcon : CubesIcon}>
      <EmptyStateBody>{searched ? say('nothing.found.detail') : empty.detail}</EmptyStateBody>
      {!searched && primary !== undefined && <EmptyStateFooter>{primary}</EmptyStateFooter>}
    </EmptyState>
  );
}

function readSort(text: string | undefined): Sort | undefined {
  const [field, direction] = (text ?? '').split('.');
  return field === undefined || field === '' ? undefined : { field, descending: direction === 'desc' };
}
