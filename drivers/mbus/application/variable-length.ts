/** What the first byte of data of variable length says about the others (EN 13757-3, table "LVAR interpretation"). */
export interface VariableLength {
  readonly form: 'text' | 'bcd' | 'negative-bcd' | 'binary';
  /** Bytes that follow. */
  readonly length: number;
}

/** `undefined`: reserved. */
export const readLvar = (lvar: number): VariableLength | undefined => {
  if (lvar <= 0xbf) return { form: 'text', length: lvar };
  if (lvar <= 0xc9) return { form: 'bcd', length: lvar - 0xc0 };
  if (lvar >= 0xd0 && lvar <= 0xd9) return { form: 'negative-bcd', length: lvar - 0xd0 };
  if (lvar >= 0xe0 && lvar <= 0xef) return { form: 'binary', length: lvar - 0xe0 };
  if (lvar >= 0xf0 && lvar <= 0xf4) return { form: 'binary', length: 4 * (lvar - 0xec) };
  if (lvar === 0xf5) return { form: 'binary', length: 48 };
  if (lvar === 0xf6) return { form: 'binary', length: 64 };
  return undefined;
};
