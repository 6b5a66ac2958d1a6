import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** A link to a page of the portal, by what `paths` says. */
export function PageLink({ to, children, className }: { to: string; children: ReactNode; className?: string }): ReactNode {
  return (
    <Link to={to} {...(className !== undefined && { className })}>
      {children}
    </Link>
  );
}
