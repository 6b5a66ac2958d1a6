/** What can go wrong when an image is moved, by code. The server turns codes into HTTP statuses, the agent into faults. */
export type ImageErrorCode =
  | 'bad_request'
  | 'forbidden'
  | 'not_found'
  | 'busy'
  | 'out_of_range'
  | 'deadline'
  | 'cancelled'
  | 'no_space'
  | 'backend'
  | 'server_answer'
  | 'differs';

export class ImageError extends Error {
  readonly code: ImageErrorCode;
  constructor(code: ImageErrorCode, message: string) {
    super(message);
    this.name = 'ImageError';
    this.code = code;
  }
}

/** The server answered, and it was no. */
export class ServerRefusal extends ImageError {
  readonly status: number;
  constructor(status: number, text: string) {
    super('server_answer', `The image server answered ${status}: ${text.trim() || 'nothing'}`);
    this.status = status;
  }
}

/** With a code: of that kind. */
export function isImageError(error: unknown, ...codes: readonly ImageErrorCode[]): error is ImageError {
  return error instanceof ImageError && (codes.length === 0 || codes.includes(error.code));
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
