const POLYNOMIAL = 0x3d65;

/** The CRC of EN 13757-4 and of the compact frames of EN 13757-3: 16 bits, the highest first, from 0, inverted. */
export const crcOfMeters = (bytes: Uint8Array): number => {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1) & 0xffff;
  }
  return crc ^ 0xffff;
};
