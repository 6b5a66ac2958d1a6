import { Skeleton } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, useEffect, useRef, type ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import type { ObjectAction, Row } from './action.ts';
import { ActionMenu } from './action-menu.tsx';
import type { Column } from './column.ts';
import { commonTexts } from './texts.ts';
import type { Rows } from './use-rows.ts';

export interface Sort {
  readonly field: string;
  readonly descending: boolean;
}

interface ObjectTableProps<T extends Row> {
  readonly label: string;
  readonly rows: Rows<T>;
  readonly columns: readonly Column<T>[];
  readonly actions: readonly ObjectAction<T>[];
  readonly sort: Sort | undefined;
  readonly onSort: (sort: Sort) => void;
  readonly selected: ReadonlyMap<string, T>;
  readonly onSelect: (rows: readonly T[], selected: boolean) => void;
  readonly onView: (first: number, last: number) => void;
}

const rowHeight = 42;

/** A table of any length: only the rows in view are there, with as much room above and below as the others would take. */
export function ObjectTable<T extends Row>(props: ObjectTableProps<T>): ReactNode {
  const { label, rows, columns, actions, sort, onSort, selected, onSelect, onView } = props;
  const say = useTexts(commonTexts);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0], items.at(-1)];
  const [from, to] = [first?.index ?? 0, last?.index ?? 0];
  useEffect(() => onView(from, to), [from, to, onView]);
  const selectable = actions.length > 0;
  const span = columns.length + (selectable ? 2 : 0);
  const sortIndex = columns.findIndex((column) => column.sort !== undefined && column.sort === sort?.field);
  const allSelected = rows.loaded.length > 0 && rows.loaded.every(({ id }) => selected.has(id ?? ''));
  return (
    // A region that scrolls must be reachable by the keyboard.
    <div ref={scroller} className="ostler-scroller" tabIndex={0} role="region" aria-label={label}>
      <Table aria-label={label} aria-rowcount={rows.more ? -1 : rows.count + 1} variant="compact" gridBreakPoint="" isStickyHeader>
        <Thead>
          <Tr aria-rowindex={1}>
            {selectable && (
              <Th
                aria-label={say('select.all')}
                select={{ isSelected: allSelected, onSelect: (_event, checked) => onSelect(rows.loaded, checked) }}
              />
            )}
            {columns.map((column, index) => (
              <Th
                key={column.key}
                modifier="nowrap"
                style={{ minWidth: column.width }}
                {...(column.sort !== undefined && {
                  sort: {
                    columnIndex: index,
                    sortBy: sortIndex < 0 ? {} : { index: sortIndex, direction: sort?.descending ? ('desc' as const) : ('asc' as const) },
                    onSort: (_event, _index, direction) => onSort({ field: column.sort ?? '', descending: direction === 'desc' }),
                  },
                })}
              >
                {column.title}
              </Th>
            ))}
            {selectable && <Th screenReaderText={say('actions')} style={{ width: 64 }} />}
          </Tr>
        </Thead>
        <Tbody>
          <Room height={first?.start ?? 0} span={span} />
          {items.map(({ index, key }) => {
            const row = rows.at(index);
            if (!row) return <WaitingRow key={key} span={span} index={index} />;
            const isSelected = selected.has(row.id ?? '');
            return (
              <ObjectRow
                key={row.id ?? key}
                index={index}
                row={row}
                columns={columns}
                actions={actions}
                isSelected={isSelected}
                onSelect={onSelect}
              />
            );
          })}
          <Room height={last ? virtual.getTotalSize() - last.end : 0} span={span} />
        </Tbody>
      </Table>
    </div>
  );
}

interface ObjectRowProps<T extends Row> {
  readonly index: number;
  readonly row: T;
  readonly columns: readonly Column<T>[];
  readonly actions: readonly ObjectAction<T>[];
  readonly isSelected: boolean;
  readonly onSelect: (rows: readonly T[], selected: boolean) => void;
}

/** Rendered again only when its object changed: `shared` keeps those that did not as they are. */
const ObjectRow = memo(function ObjectRow<T extends Row>({
  index,
  row,
  columns,
  actions,
  isSelected,
  onSelect,
}: ObjectRowProps<T>): ReactNode {
  const say = useTexts(commonTexts);
  return (
    <Tr className="ostler-row" aria-rowindex={index + 2} isRowSelected={isSelected} style={{ height: rowHeight }}>
      {actions.length > 0 && (
        <Td
          select={{
            rowIndex: index,
            isSelected,
            onSelect: (_event, checked) => onSelect([row], checked),
            props: { 'aria-label': say('select', { name: row.name ?? row.id ?? '' }) },
          }}
        />
      )}
      {columns.map((column) => (
        <Td key={column.key} dataLabel={column.title}>
          {column.cell(row)}
        </Td>
      ))}
      {actions.length > 0 && (
        <Td isActionCell>
          <ActionMenu row={row} actions={actions} />
        </Td>
      )}
    </Tr>
  );
}) as <T extends Row>(props: ObjectRowProps<T>) => ReactNode;

function Room({ height, span }: { height: number; span: number }): ReactNode {
  return height > 0 ? (
    <Tr aria-hidden style={{ height }}>
      <Td colSpan={span} style={{ padding: 0 }} />
    </Tr>
  ) : null;
}

function WaitingRow({ span, index }: { span: number; index: number }): ReactNode {
  const say = useTexts(commonTexts);
  return (
    <Tr aria-rowindex={index + 2} style={{ height: rowHeight }}>
      <Td colSpan={span}>
        <Skeleton screenreaderText={say('loading')} />
      </Td>
    </Tr>
  );
}
