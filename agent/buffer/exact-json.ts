/** JSON that keeps int64 values: a bigint is written as `{"int64": "<digits>"}`. */
export const writeExact = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? { int64: part.toString() } : part,
  );

export const parseExact = (text: string): unknown =>
  JSON.parse(text, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && 'int64' in part && typeof part.int64 === 'string'
      ? BigInt(part.int64)
      : part,
  );
