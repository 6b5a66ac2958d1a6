import type { Api } from '@ostler/contract/schema';
import { Grid, GridItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useMemo, type ReactNode } from 'react';
import { api } from '../api/client.ts';
import { nameIn, useClusters, useHosts, useTemplates } from '../api/names.ts';
import { operatingSystem } from '@ostler/domain/operating-system/catalogue';
import { stateOf } from '../components/action.ts';
import { DetailsPage, type DetailsTab } from '../components/details-page.tsx';
import { EventsTab } from '../components/events-tab.tsx';
import { Facts } from '../components/facts.tsx';
import { Moment, Since } from '../components/moment.tsx';
import { PageLink } from '../components/page-link.tsx';
import { PermissionsTab } from '../components/permissions-tab.tsx';
import { runAction } from '../components/run-action.ts';
import { commonTexts } from '../components/texts.ts';
import { bytes } from '../format/amounts.ts';
import { useOfferedActions } from '../frame/palette-actions.ts';
import { paths } from '../frame/paths.ts';
import { frameTexts } from '../frame/texts.ts';
import { language } from '../i18n/language.ts';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { DisksTab } from './disks-tab.tsx';
import { GuestTab } from './guest-tab.tsx';
import { NicsTab } from './nics-tab.tsx';
import { VmStatus } from './status.tsx';
import { vmTexts } from './texts.ts';
import { useVmActions } from './use-vm-actions.tsx';
import { vcpusOf } from './vcpus.ts';

type Vm = Api['vm'];
const route = getRouteApi('/vms/$vm/{-$tab}');

/** A VM's page. */
export function VmPage(): ReactNode {
  const { vm: id, tab } = route.useParams();
  const say = useTexts(vmTexts);
  const frame = useTexts(frameTexts);
  const { actions, dialogs } = useVmActions();
  const tabs: readonly DetailsTab<Vm>[] = [
    { key: 'general', title: say('tab.general'), content: (vm) => <GeneralTab vm={vm} /> },
    { key: 'nics', title: say('tab.nics'), content: (vm) => <NicsTab vm={vm} /> },
    { key: 'disks', title: say('tab.disks'), content: (vm) => <DisksTab vm={vm} /> },
    { key: 'guest', title: say('tab.guest'), content: (vm) => <GuestTab vm={vm} /> },
    { key: 'events', title: say('tab.events'), content: ({ name }) => <EventsTab search={`event_vm = "${name}"`} /> },
    {
      key: 'permissions',
      title: say('tab.permissions'),
      content: () => <PermissionsTab id={id} nodeOf={(client) => client.vms(id).permissions} />,
    },
  ];
  return (
    <>
      <DetailsPage
        noun="vm"
        id={id}
        tab={tab}
        pathOf={(key) => paths.vm(id, key)}
        crumbs={[{ title: frame('compute') }, { title: say('title'), to: paths.vms() }]}
        read={(client, options) => client.vms(id).get(options)}
        mark={({ status }) => <VmStatus of={status} />}
        detail={({ description }) => description}
        actions={actions}
        tabs={tabs}
      />
      {dialogs}
      <Offers id={id} />
    </>
  );
}

/** What the palette can do with the VM that is looked at: what needs no question. */
function Offers({ id }: { id: string }): ReactNode {
  const { actions } = useVmActions();
  const vm = useQuery({ queryKey: ['vm', 'item', id], queryFn: ({ signal }) => api.vms(id).get({ signal }) }).data;
  useOfferedActions(
    useMemo(
      () =>
        actions.flatMap((action) => {
          const state = vm && stateOf(action, vm);
          if (!vm || !state || !action.call || action.confirm) return [];
          const offered = { key: action.name, title: `${action.title}: ${vm.name}`, run: () => void runAction(action, vm) };
          return [state.allowed ? offered : { ...offered, why: state.why }];
        }),
      [actions, vm],
    ),
  );
  return null;
}

function GeneralTab({ vm }: { vm: Vm }): ReactNode {
  const say = useTexts(vmTexts);
  const common = useTexts(commonTexts);
  const spoken = useStore(language);
  const [clusters, hosts, templates] = [useClusters().data, useHosts().data, useTemplates().data];
  const { sockets = 1, cores = 1, threads = 1 } = vm.cpu?.topology ?? {};
  const link = (to: string, name: string | undefined) => <PageLink to={to}>{name ?? '–'}</PageLink>;
  return (
    <Grid hasGutter>
      <GridItem lg={6}>
        <Facts
          title={say('facts.general')}
          facts={[
            [common('name'), vm.name],
            [common('description'), vm.description],
            [common('comment'), vm.comment],
            [say('template'), vm.template?.id && link(paths.template(vm.template.id), nameIn(templates, vm.template))],
            [say('field.os'), operatingSystem(vm.os?.type ?? '')?.name ?? vm.os?.type],
            [say('field.type'), vm.type && say(`type.${vm.type}`)],
            [say('field.delete-protected'), common(vm.delete_protected ? 'yes' : 'no')],
            [say('created'), <Moment key="created" at={vm.creation_time} />],
            [say('fact.id'), <code key="id">{vm.id}</code>],
          ]}
        />
      </GridItem>
      <GridItem lg={6}>
        <Facts
          title={say('facts.run')}
          facts={[
            [common('status'), <VmStatus key="status" of={vm.status} />],
            [say('cluster'), vm.cluster?.id && link(paths.cluster(vm.cluster.id), nameIn(clusters, vm.cluster))],
            [say('host'), vm.host?.id && link(paths.host(vm.host.id), nameIn(hosts, vm.host))],
            [say('uptime'), vm.start_time && <Since key="uptime" at={vm.start_time} />],
            [say('fact.started'), vm.start_time && <Moment key="started" at={vm.start_time} />],
            [say('fact.stopped'), vm.stop_time && <Moment key="stopped" at={vm.stop_time} />],
            [say('fact.stop-reason'), vm.stop_reason],
            [say('field.ha'), common(vm.high_availability?.enabled ? 'yes' : 'no')],
          ]}
        />
      </GridItem>
      <GridItem lg={6}>
        <Facts
          title={say('facts.system')}
          facts={[
            [say('memory'), bytes(vm.memory ?? 0, spoken)],
            [say('fact.guaranteed'), bytes(vm.memory_policy?.guaranteed ?? 0, spoken)],
            [say('fact.max-memory'), bytes(vm.memory_policy?.max ?? 0, spoken)],
            [say('cpus'), say('fact.topology', { count: vcpusOf(vm.cpu), sockets, cores, threads })],
            [say('field.firmware'), vm.bios?.type && vm.bios.type !== 'cluster_default' && say(`firmware.${vm.bios.type}`)],
            [say('field.display'), vm.display?.type && say(`display.${vm.display.type}`)],
            [say('field.time-zone'), vm.time_zone?.name],
          ]}
        />
      </GridItem>
    </Grid>
  );
}
