import type { AgentImplementation } from '@ostler/agent-contract/implementation';

/**
 * For tests: `before:startVm` ends this process, as kill -9 would, when the call comes; `after:startVm`, when its effect is there
 * and nothing has been written down or answered. Without a wish the implementation is as it was.
 */
export function killPoint(implementation: AgentImplementation, wish: string | undefined): AgentImplementation {
  const [when, call = ''] = (wish ?? '').split(':');
  if ((when !== 'before' && when !== 'after') || !Object.hasOwn(implementation, call)) return implementation;
  return new Proxy(implementation, {
    get(target, name, receiver) {
      const original: unknown = Reflect.get(target, name, receiver);
      if (name !== call || typeof original !== 'function') return original;
      return async (...args: unknown[]) => {
        if (when === 'before') process.kill(process.pid, 'SIGKILL');
        const result: unknown = await Reflect.apply(original, target, args);
        process.kill(process.pid, 'SIGKILL');
        return result;
      };
    },
  });
}
