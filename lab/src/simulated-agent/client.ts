import { calls, type Output } from '@ostler/agent-contract/calls';
import type { AgentClient } from '@ostler/agent-contract/client';
import { AgentError } from '@ostler/agent-contract/errors';
import type { AgentEvent } from '@ostler/agent-contract/events';
import type { SimulatedHost } from './host.ts';

/**
 * A client of a simulated host in the same process: no TLS, no sockets, everything else as over the wire, faults and
 * deadlines included. What goes over the wire is copied, so that neither side can reach into the other's objects.
 */
export function inProcessClient({ dispatch, events, faults, clock }: SimulatedHost): AgentClient {
  return {
    async call(name, input, ...[options]) {
      const { mandate, deadline = calls[name].deadline } = options ?? {};
      const gone = new AbortController();
      const late = Promise.withResolvers<never>();
      const cancel = clock.after(deadline, () =>
        late.reject(new AgentError('deadline', `The host did not answer ${name} within ${deadline} ms`)),
      );
      const broken = faults.onDisconnect(() => late.reject(lost()));
      try {
        const reply = await Promise.race([dispatch(name, structuredClone(input), mandate, gone.signal), late.promise]);
        return structuredClone(reply) as Output<typeof name>;
      } finally {
        cancel();
        broken();
        gone.abort();
      }
    },
    async *events(after, signal) {
      if (!faults.connected) throw lost();
      const gone = new AbortController();
      let cut = false;
      const leave = () => gone.abort();
      const broken = faults.onDisconnect(() => {
        cut = true;
        leave();
      });
      signal.addEventListener('abort', leave, { once: true });
      try {
        yield { kind: 'hello', bootId: events.bootId, sequence: events.latest(), at: clock.now() } satisfies AgentEvent;
        let held = after < 0 ? undefined : events.after(after, gone.signal);
        if (!held) {
          const sequence = events.latest();
          held = events.after(sequence, gone.signal);
          yield { kind: 'resync', sequence, at: clock.now() } satisfies AgentEvent;
        }
        for await (const event of held ?? []) yield structuredClone(event);
        if (cut) throw lost();
      } finally {
        broken();
        signal.removeEventListener('abort', leave);
        leave();
      }
    },
    close: () => undefined,
  };
}

const lost = () => new AgentError('unreachable', 'The connection to the host broke');
