import type { Api } from '@ostler/contract/schema';
import type { AttachmentRow } from './store.ts';

/** What a client says of an attachment, over what it is. */
export const attachmentFrom = (input: Api['disk_attachment'], base: Omit<AttachmentRow, 'alias'>): Omit<AttachmentRow, 'alias'> => ({
  disk: base.disk,
  interface: input.interface ?? base.interface,
  bootable: input.bootable ?? base.bootable,
  active: input.active ?? base.active,
  readOnly: input.read_only ?? base.readOnly,
  passDiscard: input.pass_discard ?? base.passDiscard,
});
