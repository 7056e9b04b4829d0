import { readFileSync } from 'node:fs';

/** What firmware says where nobody has written a number. */
const PLACEHOLDERS =
  /^(0*|none|unknown|default string|system serial number|not (specified|applicable|available)|to be filled by o\.?e\.?m\.?)$/i;

const DEVICE_TREE = '/sys/firmware/devicetree/base/serial-number';
const CPU_INFO = '/proc/cpuinfo';
/** Of x64 machines; readable for root alone on most. */
const DMI = ['/sys/class/dmi/id/product_serial', '/sys/class/dmi/id/board_serial'];

/** Reads a small text file; `undefined` where that cannot be done. */
export type ReadText = (path: string) => string | undefined;

export const readTextFile: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
};

/**
 * The serial number of this box: of a Raspberry Pi and its like (device tree, or the `Serial` of /proc/cpuinfo), else
 * of the machine's firmware (DMI). It is what the box says of itself, no proof.
 */
export const readHardwareSerial = (readText: ReadText): string | undefined => {
  const candidates = [
    readText(DEVICE_TREE),
    /^Serial\s*:\s*(\S+)\s*$/m.exec(readText(CPU_INFO) ?? '')?.[1],
    ...DMI.map((path) => readText(path)),
  ];
  return candidates
    .map((text) => (text ?? '').replaceAll('\0', '').trim())
    .find((text) => text.length <= 100 && !PLACEHOLDERS.test(text));
};
