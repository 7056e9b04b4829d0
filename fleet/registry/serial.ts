/** A serial number as it is compared: people and firmware differ in case, spaces and leading zeros. */
export const normalSerial = (text: string): string =>
  text
    .trim()
    .toLowerCase()
    .replace(/[\s:-]/g, '')
    .replace(/^0+/, '');
