import type { Api } from '@ostler/contract/schema';
import { EmptyState, EmptyStateBody, Grid, GridItem } from '@patternfly/react-core';
import { InfoCircleIcon } from '@patternfly/react-icons';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api/client.ts';
import { Facts } from '../components/facts.tsx';
import { useTexts } from '../i18n/texts.ts';
import { vmTexts } from './texts.ts';

/** What the guest's agent tells of the guest. */
export function GuestTab({ vm }: { vm: Api['vm'] }): ReactNode {
  const say = useTexts(vmTexts);
  const id = vm.id ?? '';
  const { data: devices = [] } = useQuery({
    queryKey: ['vm', 'item', id, 'reported'],
    queryFn: ({ signal }) => api.vms(id).reporteddevices.list({ signal }),
  });
  const system = vm.guest_operating_system;
  if (!system && vm.fqdn === undefined && devices.length === 0)
    return (
      <EmptyState headingLevel="h2" titleText={say('guest.silent')} icon={InfoCircleIcon} variant="sm">
        <EmptyStateBody>{say('guest.silent.detail')}</EmptyStateBody>
      </EmptyState>
    );
  return (
    <Grid hasGutter>
      <GridItem lg={6}>
        <Facts
          title={say('facts.guest')}
          facts={[
            [say('fqdn'), vm.fqdn],
            [say('fact.distribution'), [system?.distribution, system?.version?.full_version].filter(Boolean).join(' ')],
            [say('fact.kernel'), system?.kernel?.version?.full_version],
            [say('fact.architecture'), system?.architecture],
            [say('fact.time-zone'), [vm.guest_time_zone?.name, vm.guest_time_zone?.utc_offset].filter(Boolean).join(' ')],
          ]}
        />
      </GridItem>
      <GridItem lg={6}>
        <Facts
          title={say('facts.network')}
          facts={devices.map(({ name = '', mac, ips }) => [
            `${name} ${mac?.address ?? ''}`.trim(),
            ips?.map(({ address = '' }) => <div key={address}>{address}</div>),
          ])}
        />
      </GridItem>
    </Grid>
  );
}
