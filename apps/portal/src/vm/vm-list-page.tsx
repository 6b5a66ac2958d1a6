import { enums, type Api } from '@ostler/contract/schema';
import { operatingSystems } from '@ostler/domain/operating-system/catalogue';
import { Button } from '@patternfly/react-core';
import { lazy, Suspense, useCallback, useMemo, useState, type ReactNode } from 'react';
import { api } from '../api/client.ts';
import { nameIn, namesOf, useClusters, useDataCenters, useHosts, useTemplates } from '../api/names.ts';
import type { Column } from '../components/column.ts';
import { ListPage } from '../components/list-page.tsx';
import { Moment, Since } from '../components/moment.tsx';
import { PageLink } from '../components/page-link.tsx';
import { commonTexts } from '../components/texts.ts';
import type { PageOptions } from '../components/use-rows.ts';
import { bytes } from '../format/amounts.ts';
import { paths } from '../frame/paths.ts';
import { useOfferedActions } from '../frame/palette-actions.ts';
import { frameTexts } from '../frame/texts.ts';
import { language } from '../i18n/language.ts';
import { useTexts } from '../i18n/texts.ts';
import { useStore } from '../store.ts';
import { VmStatus } from './status.tsx';
import { vmTexts } from './texts.ts';
import { useVmActions } from './use-vm-actions.tsx';
import { vcpusOf } from './vcpus.ts';

const VmFormDialog = lazy(() => import('./vm-form-dialog.tsx'));

type Vm = Api['vm'];
const read = (options: PageOptions) => api.vms.list(options);

/** Compute → Virtual Machines. */
export function VmListPage(): ReactNode {
  const say = useTexts(vmTexts);
  const common = useTexts(commonTexts);
  const frame = useTexts(frameTexts);
  const spoken = useStore(language);
  const [adding, setAdding] = useState(false);
  const { actions, dialogs } = useVmActions();
  const [clusters, hosts, templates, centers] = [useClusters().data, useHosts().data, useTemplates().data, useDataCenters().data];
  const columns = useMemo<readonly Column<Vm>[]>(
    () => [
      {
        key: 'name',
        title: common('name'),
        width: 160,
        sort: 'name',
        essential: true,
        cell: ({ id = '', name = '' }) => <PageLink to={paths.vm(id)}>{name}</PageLink>,
      },
      {
        key: 'status',
        title: common('status'),
        width: 130,
        sort: 'status',
        essential: true,
        cell: ({ status }) => <VmStatus of={status} />,
      },
      {
        key: 'host',
        title: say('host'),
        width: 110,
        sort: 'host',
        cell: ({ host }) => host?.id && <PageLink to={paths.host(host.id)}>{nameIn(hosts, host) ?? host.id}</PageLink>,
      },
      { key: 'fqdn', title: say('fqdn'), width: 130, sort: 'fqdn', cell: ({ fqdn }) => fqdn ?? '–' },
      {
        key: 'cluster',
        title: say('cluster'),
        width: 110,
        sort: 'cluster',
        cell: ({ cluster }) => cluster?.id && <PageLink to={paths.cluster(cluster.id)}>{nameIn(clusters, cluster) ?? '–'}</PageLink>,
      },
      {
        key: 'data-center',
        title: say('data-center'),
        width: 140,
        sort: 'datacenter',
        extra: true,
        cell: ({ cluster }) => nameIn(centers, clusters?.find(({ id }) => id === cluster?.id)?.data_center) ?? '–',
      },
      { key: 'memory', title: say('memory'), width: 90, sort: 'memory', cell: ({ memory = 0 }) => bytes(memory, spoken) },
      { key: 'cpus', title: say('cpus'), width: 60, cell: ({ cpu }) => vcpusOf(cpu) },
      { key: 'uptime', title: say('uptime'), width: 100, sort: 'uptime', cell: ({ start_time: started }) => <Since at={started} /> },
      {
        key: 'template',
        title: say('template'),
        width: 140,
        sort: 'template',
        extra: true,
        cell: ({ template }) => nameIn(templates, template) ?? '–',
      },
      {
        key: 'description',
        title: common('description'),
        width: 220,
        sort: 'description',
        extra: true,
        cell: ({ description }) => description,
      },
      { key: 'comment', title: common('comment'), width: 180, sort: 'comment', extra: true, cell: ({ comment }) => comment },
      {
        key: 'created',
        title: say('created'),
        width: 160,
        sort: 'creationdate',
        extra: true,
        cell: ({ creation_time: created }) => <Moment at={created} />,
      },
      { key: 'id', title: common('id'), width: 320, sort: 'id', extra: true, cell: ({ id }) => <code>{id}</code> },
    ],
    [say, common, spoken, clusters, hosts, templates, centers],
  );
  const values = useMemo(
    () => ({
      status: enums.vm_status,
      cluster: namesOf(clusters),
      host: namesOf(hosts),
      template: namesOf(templates),
      datacenter: namesOf(centers),
      os: operatingSystems.map(({ key }) => key),
      type: enums.vm_type,
      bios_type: enums.bios_type,
    }),
    [clusters, hosts, templates, centers],
  );
  const add = useCallback(() => setAdding(true), []);
  useOfferedActions(useMemo(() => [{ key: 'new vm', title: say('new.title'), run: add }], [say, add]));
  return (
    <>
      <ListPage
        noun="vm"
        search="vms"
        title={say('title')}
        crumbs={[{ title: frame('compute') }]}
        read={read}
        columns={columns}
        actions={actions}
        values={values}
        primary={
          <Button variant="primary" onClick={add}>
            {say('new')}
          </Button>
        }
        empty={{ title: say('empty.title'), detail: say('empty.detail') }}
      />
      {dialogs}
      {adding && (
        <Suspense fallback={null}>
          <VmFormDialog onClose={() => setAdding(false)} />
        </Suspense>
      )}
    </>
  );
}
