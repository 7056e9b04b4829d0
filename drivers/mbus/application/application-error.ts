/** What a device says it could not do (EN 13757-3, "Report of general application errors", CI 70 and 74). */
const ERRORS: Readonly<Record<number, string>> = {
  0x00: 'unspecified error',
  0x01: 'unimplemented CI field',
  0x02: 'buffer too long, truncated',
  0x03: 'too many records',
  0x04: 'premature end of record',
  0x05: 'more than 10 DIFEs',
  0x06: 'more than 10 VIFEs',
  0x07: 'reserved error 7',
  0x08: 'application too busy to answer',
  0x09: 'too many readouts',
  0x10: 'access denied',
  0x11: 'application unknown',
  0x12: 'parameter error',
  0x13: 'parameter changed',
  0xf0: 'dynamic application error',
};

/** The error by its name; a report without a code is the unspecified one. */
export const applicationErrorName = (data: Uint8Array): string => {
  const code = data[0] ?? 0;
  return ERRORS[code] ?? `application error ${code.toString(16).toUpperCase().padStart(2, '0')}`;
};
