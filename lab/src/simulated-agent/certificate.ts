import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { certificateCalls } from '@ostler/agent-contract/calls';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentImplementation } from '@ostler/agent-contract/implementation';
import { createRequest } from '@ostler/pki/authority';

export interface SimulatedCertificate {
  readonly calls: Pick<AgentImplementation, keyof typeof certificateCalls>;
  installed(): string | undefined;
}

export function simulatedCertificate(): SimulatedCertificate {
  let asked: ReturnType<typeof createRequest> | undefined;
  let installed: string | undefined;
  return {
    installed: () => installed,
    calls: {
      async requestCertificate() {
        asked ??= createRequest('host');
        return { request: (await asked).request };
      },
      async installCertificate({ certificate }) {
        if (certificate === installed) return {};
        const key = (await asked)?.key;
        if (key === undefined || !isFor(certificate, key))
          throw new AgentError('bad_request', 'This is no certificate for the key that was requested', { field: 'certificate' });
        installed = certificate;
        asked = undefined;
        return {};
      },
    },
  };
}

function isFor(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}
