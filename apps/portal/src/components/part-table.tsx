import { EmptyState, EmptyStateBody, Skeleton } from '@patternfly/react-core';
import { CubesIcon } from '@patternfly/react-icons';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { ReactNode } from 'react';
import { useTexts } from '../i18n/texts.ts';
import type { ObjectAction, Row } from './action.ts';
import { ActionMenu } from './action-menu.tsx';
import type { Column } from './column.ts';
import { Failure } from './failure.tsx';
import { commonTexts } from './texts.ts';

interface PartTableProps<T extends Row> {
  readonly label: string;
  /** A query's result, or as much of one. */
  readonly rows: { readonly data: readonly T[] | undefined; readonly error: Error | null; refetch(): unknown };
  readonly columns: readonly Column<T>[];
  readonly actions?: readonly ObjectAction<T>[];
  readonly empty: { readonly title: string; readonly detail?: string };
}

/** A short table inside an object's page: its disks, its NICs. */
export function PartTable<T extends Row>({ label, rows, columns: all, actions = [], empty }: PartTableProps<T>): ReactNode {
  const columns = all.filter(({ extra }) => !extra);
  const say = useTexts(commonTexts);
  if (rows.error) return <Failure error={rows.error} retry={() => void rows.refetch()} />;
  if (!rows.data) return <Skeleton screenreaderText={say('loading')} />;
  if (rows.data.length === 0)
    return (
      <EmptyState headingLevel="h2" titleText={empty.title} icon={CubesIcon} variant="sm">
        {empty.detail !== undefined && <EmptyStateBody>{empty.detail}</EmptyStateBody>}
      </EmptyState>
    );
  return (
    <Table aria-label={label} variant="compact">
      <Thead>
        <Tr>
          {columns.map(({ key, title }) => (
            <Th key={key}>{title}</Th>
          ))}
          {actions.length > 0 && <Th screenReaderText={say('actions')} />}
        </Tr>
      </Thead>
      <Tbody>
        {rows.data.map((row, index) => (
          <Tr key={row.id ?? index}>
            {columns.map(({ key, title, cell }) => (
              <Td key={key} dataLabel={title}>
                <div>{cell(row)}</div>
              </Td>
            ))}
            {actions.length > 0 && (
              <Td isActionCell>
                <ActionMenu row={row} actions={actions} />
              </Td>
            )}
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
