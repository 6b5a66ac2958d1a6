import type { ReactNode } from 'react';

/** Things beside each other, which go below each other where there is no room. `spread` puts the last at the far end. */
export function Line({ children, spread = false }: { children: ReactNode; spread?: boolean }): ReactNode {
  return <div className={spread ? 'ostler-line ostler-spread' : 'ostler-line'}>{children}</div>;
}
