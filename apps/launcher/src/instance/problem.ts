/** What stands in the way is the caller's to change; the message is a sentence for people. */
export class Problem extends Error {
  readonly code = 'problem';
}
