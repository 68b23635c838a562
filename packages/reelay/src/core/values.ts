/** A value that JSON can carry. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A moment, in Unix milliseconds. */
export type Instant = number;

/** Whole credits, 0 to 2^53 − 1. */
export type Credits = number;

/** Money upstream, in millionths of a US dollar; never a customer's credits. */
export type UsdMicros = number;

export type TaskId = `task_${string}`;
export type AccountId = `acc_${string}`;
export type KeyId = `key_${string}`;
export type FileId = `file_${string}`;
export type LetterId = `evt_${string}`;

/** Thrown where the code itself is wrong. Never a caller's doing (`Refusal`) nor an upstream's (`Trouble`). */
export class Bug extends Error {
  override readonly name = 'Bug';
}
