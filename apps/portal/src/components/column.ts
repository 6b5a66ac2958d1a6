import type { ReactNode } from 'react';

/** A column of a list. */
export interface Column<T> {
  readonly key: string;
  readonly title: string;
  /** Pixels; what is left over goes to the first column. */
  readonly width: number;
  /** The field of the search language that it sorts by. */
  readonly sort?: string;
  /** On a phone too. */
  readonly essential?: boolean;
  /** Only when somebody asks for it. */
  readonly extra?: boolean;
  readonly cell: (row: T) => ReactNode;
}
