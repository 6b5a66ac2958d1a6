import { reasons, type Reason } from '../reason.ts';

/**
 * Custom properties: free settings of a VM that must match a declared expression. RHV's predefined ones are here, an administrator's
 * come beside them; what nobody declared is refused (vms.md 3.2).
 */

export type PropertyDefinitions = Readonly<Record<string, string>>;

export const predefinedProperties: PropertyDefinitions = {
  sap_agent: '^(true|false)$',
  sndbuf: '^[0-9]+$',
  vhost: '^([a-zA-Z0-9_]+:(true|false))(,[a-zA-Z0-9_]+:(true|false))*$',
  viodiskcache: '^(none|writeback|writethrough)$',
  mdev_type: '^.*$',
  hugepages: '^[0-9]+$',
  scsi_hostdev: '^(scsi_generic|scsi_block|scsi_hd|virtio_blk_pci)$',
  nvram_template: '^/[^\\0]+$',
  extra_cpu_flags: '^[+-][a-zA-Z0-9._-]+(,[+-][a-zA-Z0-9._-]+)*$',
};

export const propertyReasons = reasons({
  custom_property_unknown: {
    class: 'bad_input',
    text: 'There is no custom property {name}. There are {known}; an administrator can define more.',
  },
  custom_property_value: { class: 'bad_input', text: 'The custom property {name} must match {expression}; "{value}" does not.' },
});

export function propertyProblems(
  properties: Readonly<Record<string, string>>,
  defined: PropertyDefinitions,
  field: string,
): (Reason | undefined)[] {
  const all = { ...predefinedProperties, ...defined };
  return Object.entries(properties).map(([name, value]) => {
    const expression = Object.hasOwn(all, name) ? all[name] : undefined;
    if (expression === undefined) return propertyReasons.custom_property_unknown({ name, known: Object.keys(all).join(', ') }, field);
    return new RegExp(expression, 'u').test(value) ? undefined : propertyReasons.custom_property_value({ name, expression, value }, field);
  });
}

/** The size of the huge pages that the VM's memory is made of, in KiB. */
export const hugePagesOf = (properties: Readonly<Record<string, string>>): number | undefined => {
  const asked = Number(properties['hugepages']);
  return asked > 0 ? asked : undefined;
};
