/** The polynomial of SDI-12, x¹⁶ + x¹⁵ + x² + 1, reflected; the register begins at 0. */
const POLYNOMIAL = 0xa001;

/** CRC of SDI-12 1.4, 4.4.12: over everything from the address to the last byte before it. */
export const crc16 = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ POLYNOMIAL;
  }
  return crc;
};

/** A CRC as an ASCII response bears it, 4.4.12.2: three characters of `@` to DEL, four, six and six bits. */
export const crcText = (crc: number): string =>
  String.fromCharCode(0x40 | (crc >>> 12), 0x40 | ((crc >>> 6) & 0x3f), 0x40 | (crc & 0x3f));
