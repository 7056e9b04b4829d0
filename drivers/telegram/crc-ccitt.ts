const POLYNOMIAL = 0x1021;

/**
 * CRC of 16 bits, most significant bit first, by the polynomial of ITU-T (0x1021). `start` 0 is known as XMODEM,
 * 0xFFFF as CCITT-FALSE. Over bytes that end in their CRC, high byte first, it is 0 where `start` is.
 */
export const crcCcitt = (bytes: Uint8Array, start = 0): number => {
  let crc = start;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ POLYNOMIAL : crc << 1) & 0xffff;
  }
  return crc;
};
