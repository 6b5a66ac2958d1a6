import { randomUUID } from 'node:crypto';
import type { DryRun } from '@ostler/contract/handlers';
import { events } from '@ostler/domain/events/catalogue';
import { isRefusal, refuse, type Refusal } from '@ostler/domain/reason';
import { vmReasons } from '@ostler/domain/vm/reasons';
import { refusalFor } from '@ostler/domain/vm/state';
import { phrases, say } from '@ostler/domain/phrases';
import { plan, type Plan } from '@ostler/domain/plan';
import { emit } from '../audit/store.ts';
import { row, sql, type Transaction } from '../db/database.ts';
import type { Context } from '../http/context.ts';
import { callHost } from '../http/host-call.ts';
import { vmById } from './store.ts';

const validFor = 120_000;

export interface ConsoleTicket {
  readonly ticket: { readonly value: string; readonly expiry: number };
  readonly url: string;
}

const text = phrases({ 'console.open': 'Opening the {console} console of VM {vm}' });

interface ConsoleToOpen {
  readonly name: string;
  readonly run: string;
  readonly console: 'serial' | 'vnc' | 'spice';
  readonly host: { readonly id: string; readonly address: string; readonly port: number };
}

/**
 * Lets one client in at a console, once. The URL leads
 * through the gateway, so that the client needs one certificate and never learns where the VM runs.
 */
export async function openConsole(
  context: Context,
  vm: string,
  kind: 'serial' | 'graphics',
  password?: { readonly password: string; readonly seconds: number },
): Promise<ConsoleTicket | DryRun | Refusal> {
  const opened = await context.mutate<ConsoleToOpen, ConsoleTicket | Refusal>({
    objects: [],
    plan: (tx) => planConsole(tx, vm, kind),
    answer: (data) => letIn(context, vm, data, password),
  });
  return 'started' in opened ? opened.started : opened;
}

async function planConsole(tx: Transaction, vm: string, kind: 'serial' | 'graphics'): Promise<Plan<ConsoleToOpen> | Refusal> {
  const found = await vmById(tx, vm);
  if (!found) throw new Error('The VM vanished while its console was opened');
  const against = refusalFor('console', {
    name: found.name,
    status: found.status,
    deleteProtected: found.deleteProtected,
    ...(found.heldBy && found.status === 'down' && { heldBy: say(found.heldBy) }),
  });
  if (against) return refuse(against);
  const { display, serialConsole } = found.hardware;
  // A browser speaks VNC; where there is both, that is what a password is for.
  const console = kind === 'serial' ? 'serial' : display.protocols.includes('vnc') ? 'vnc' : display.protocols[0];
  if (console === undefined || (kind === 'serial' && !serialConsole))
    return refuse(vmReasons.vm_has_no_console({ vm: found.name, console: kind === 'serial' ? 'serial' : 'graphics' }));
  const host = await row<ConsoleToOpen['host']>(tx, sql`select id, address, consoles_port as port from hosts where id = ${found.host}`);
  if (!host || found.run === null) return refuse(vmReasons.vm_not_running({ vm: found.name, status: found.status }));
  return plan({ title: text['console.open']({ console, vm: found.name }), data: { name: found.name, run: found.run, console, host } });
}

async function letIn(
  context: Context,
  vm: string,
  { name, run, console, host }: ConsoleToOpen,
  password: { readonly password: string; readonly seconds: number } | undefined,
): Promise<ConsoleTicket | Refusal> {
  const ticket = randomUUID();
  if (password && console !== 'serial') {
    const set = await callHost(context, host.id, 'setConsolePassword', {
      vm,
      run,
      protocol: console,
      password: password.password,
      validFor: password.seconds * 1000,
    });
    if (isRefusal(set)) return set;
  }
  const opened = await callHost(context, host.id, 'openConsole', { vm, run, ticket, console, validFor });
  if (isRefusal(opened)) return opened;
  await emit(
    context.db,
    events.vm_console_opened({ user: context.reader.user.userName, console, vm: name }),
    { vm, user: context.reader.user.id },
    context.correlation,
  );
  const value = context.tickets.sign({
    jti: ticket,
    aud: 'consoles',
    host: host.id,
    address: host.address,
    port: host.port,
    exp: Math.floor((context.now() + validFor) / 1000),
  });
  return { ticket: { value, expiry: validFor / 1000 }, url: `${context.origin.replace(/^http/, 'ws')}/consoles/${value}` };
}
