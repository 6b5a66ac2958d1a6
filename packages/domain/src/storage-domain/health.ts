/**
 * What all hosts together say of a domain (infra.md 5.5): while one of them reaches it, it is usable, and the others
 * have a trouble of their own; when none does, the domain has; when nobody looks, nothing is known.
 */
export function concludeHealth(checks: readonly ('ok' | 'failing' | 'hanging')[]): 'ok' | 'failing' | 'unknown' {
  if (checks.length === 0) return 'unknown';
  return checks.includes('ok') ? 'ok' : 'failing';
}
