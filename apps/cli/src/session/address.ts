import { usageProblem } from '../problem.ts';

/** The API's address from what people type: `manager.example:8443`, `https://manager.example`, or the whole of it. */
export function apiUrlOf(text: string): string {
  const spelled = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.parse(spelled);
  if (!url || url.hostname === '') throw usageProblem(`"${text}" is no address. Write it as https://manager.example:8443.`);
  if (url.protocol !== 'https:') throw usageProblem(`Ostler is spoken to over https:// only; ${text} is not.`);
  if (url.username !== '' || url.password !== '')
    throw usageProblem('Name and password do not belong into the address: use --username and --password-file.');
  const path = url.pathname.replace(/\/+$/, '');
  return `${url.origin}${path === '' || path === '/ovirt-engine' ? '/ovirt-engine/api' : path.replace(/\/v4$/, '')}`;
}

export const ssoUrl = (apiUrl: string, what: 'token' | 'revoke' | 'token-info'): string =>
  `${new URL(apiUrl).origin}/ovirt-engine/sso/oauth/${what}`;

export const certificateUrl = (apiUrl: string): string =>
  `${new URL(apiUrl).origin}/ovirt-engine/services/pki-resource?resource=ca-certificate&format=X509-PEM-CA`;
