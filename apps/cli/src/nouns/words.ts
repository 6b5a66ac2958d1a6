/** How people type what the API spells in one word, and what nouns are about. */

const verbs: Readonly<Record<string, string>> = { get: 'show', add: 'create' };

/** Words of which the API's actions are put together. */
const parts =
  /(mac|addresses|file|systems|enrollment|token|snapshot|migration|password|console|ticket|cpu|and|numa|nodes|serial|auto|pin|reorder|freeze|thaw|commit|preview|undo|cancel|issue|set|upgrade|check|network|networks|setup|enroll|certificate|unregistered|storage|domains|attached|iscsi|discover|login|force|select|spm|refresh|lun|ovf|update|copy|host|hosts|vm|allocate|assigned|end|import|export|clear)/g;

/** Places where what is added is there already, and what is removed stays elsewhere. */
const attaching = /^(datacenters\/\{data_center\}\/storagedomains|clusters\/\{cluster\}\/networks|\S+\/(tags|affinitylabels|vmlabels|hostlabels)|\S*affinity(groups|labels)\/\{\w+\}\/(vms|hosts))$/;

export const isAttaching = (template: string): boolean => attaching.test(template.replace(/\/\{\w+\}$/, ''));

export function verbFor(method: string, template: string): string {
  if (isAttaching(template) && (method === 'add' || method === 'remove')) return method === 'add' ? 'attach' : 'detach';
  const known = verbs[method];
  if (known !== undefined) return known;
  const found = method.match(parts) ?? [];
  return found.length > 1 && found.join('') === method ? found.join('-') : method;
}

/** What an action does, where its name does not tell. */
export const doing: Readonly<Record<string, string>> = {
  ticket: 'a password for the graphical console, for a while',
  serialconsoleticket: 'an address at which the serial console can be opened once',
  issueenrollmenttoken: 'a token with which a machine enrolls itself as a host, once',
  undelete: 'tell events again that had been removed',
  extend: 'let it live longer though no byte moves',
  finalize: 'end it: all bytes have been moved',
  refresh: 'look at it anew',
  setpassword: 'give a new password',
};

/** Under which heading the help tells a noun; what is not here stands under the last. */
export const headings: Readonly<Record<string, readonly string[]>> = {
  'Virtual machines:': ['vm', 'template', 'instance-type', 'operating-system', 'vm-pool', 'snapshot'],
  'Storage:': ['disk', 'storage-domain', 'image-transfer', 'disk-profile', 'storage-connection'],
  'Hosts and networks:': ['host', 'cluster', 'data-center', 'network', 'vnic-profile', 'mac-pool', 'cpu-profile', 'cluster-level'],
  'Users:': ['user', 'group', 'role', 'permission', 'domain'],
  'What goes on:': ['job', 'event'],
};
export const otherHeading = 'More:';

export const headingOf = (word: string): string => Object.entries(headings).find(([, words]) => words.includes(word))?.[0] ?? otherHeading;

/** A line on each noun for the help, where its name alone does not tell. */
export const about: Readonly<Record<string, string>> = {
  vm: 'virtual machines',
  template: 'what VMs are made from',
  'instance-type': 'sizes of VMs by name',
  'operating-system': 'those that guests can be said to have',
  disk: 'disks, and their images',
  'storage-domain': 'where disks are',
  'image-transfer': 'uploads and downloads under way',
  'disk-profile': 'limits for the disks of a storage domain',
  'storage-connection': 'how storage domains are reached',
  host: 'machines on which VMs run',
  cluster: 'hosts that can stand in for each other',
  'data-center': 'clusters that share storage and networks',
  network: 'logical networks',
  'vnic-profile': 'what a NIC is attached to a network with',
  'mac-pool': 'where MAC addresses of NICs come from',
  'cpu-profile': 'limits for the processors of VMs',
  'cluster-level': 'versions that clusters may be held at',
  user: 'who may log in',
  group: 'groups of users',
  role: 'what users may do, by name',
  permission: 'who may do what',
  domain: 'directories of users',
  job: 'what Ostler is doing, and has done',
  event: 'what has happened',
  tag: 'words that are put on things',
  option: "Ostler's own settings",
};
