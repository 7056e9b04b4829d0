/** What a device says it could not do (EN 13757-3, "Report of general application errors", CI 70 and 74; 2018 edition). */
const ERRORS: Readonly<Record<number, string>> = {
  0x00: 'unspecified error',
  0x01: 'unimplemented CI field',
  0x02: 'buffer too long, truncated',
  0x03: 'too many records',
  0x04: 'premature end of record',
  0x05: 'more than 10 DIFEs',
  0x06: 'more than 10 VIFEs',
  0x08: 'application too busy to answer',
  0x09: 'too many readouts',
  0x11: 'no such function',
  0x12: 'data error',
  0x13: 'routing or relaying error',
  0x14: 'access violation',
  0x15: 'parameter error',
  0x16: 'size error',
  0x20: 'security error',
  0x21: 'security mechanism not supported',
  0x22: 'inadequate security method',
  0xf0: 'dynamic application error',
};

/** Above it the manufacturer's own begin. */
const DYNAMIC = 0xf0;

const hex = (code: number): string => code.toString(16).toUpperCase().padStart(2, '0');

/** The error by its name; a report without a code is the unspecified one. */
export const applicationErrorName = (data: Uint8Array): string => {
  const code = data[0] ?? 0;
  if (code > DYNAMIC) return `manufacturer's application error ${hex(code)}`;
  return ERRORS[code] ?? `reserved application error ${hex(code)}`;
};
