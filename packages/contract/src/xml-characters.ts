/* oxlint-disable no-control-regex -- control characters are what these look for */

const illegal =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const everyIllegal = new RegExp(illegal, 'g');

/** Whether the text has a character that XML cannot hold in any form: a control character, half a surrogate pair. */
export const hasIllegal = (text: string): boolean => illegal.test(text);

export const withoutIllegal = (text: string): string => text.replace(everyIllegal, '');
