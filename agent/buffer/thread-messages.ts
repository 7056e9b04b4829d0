import type { Buffer, SetAside } from './buffer.js';
import type { BufferErrorCode } from './buffer-error.js';
import type { BufferOptions } from './open-buffer.js';

/** Calls that cross to the thread. */
export type Method = Exclude<keyof Buffer, 'epoch' | 'setAside'>;

export type Call = {
  [Name in Method]: { readonly id: number; readonly method: Name; readonly args: Parameters<Buffer[Name]> };
}[Method];

export interface OpenCall {
  readonly id: number;
  readonly method: 'open';
  readonly args: readonly [BufferOptions];
}

/** What the thread says of the file that is open. */
export interface Opened {
  readonly epoch: string;
  readonly setAside: SetAside | undefined;
}

export interface ErrorMessage {
  readonly code: BufferErrorCode;
  readonly message: string;
}

/** Each says what may have changed in between. */
export type Reply = Opened &
  ({ readonly id: number; readonly result: unknown } | { readonly id: number; readonly error: ErrorMessage });
