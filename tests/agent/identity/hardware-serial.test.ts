import { expect, it } from 'vitest';
import { readHardwareSerial } from '../../../agent/identity/hardware-serial.js';

const DEVICE_TREE = '/sys/firmware/devicetree/base/serial-number';
const CPU_INFO = '/proc/cpuinfo';
const PRODUCT = '/sys/class/dmi/id/product_serial';
const BOARD = '/sys/class/dmi/id/board_serial';
const PI_CPU =
  'processor\t: 0\nHardware\t: BCM2835\nRevision\t: a02082\nSerial\t\t: 00000000a3b1c2d3\nModel\t: Pi';

it.each<[string, Record<string, string>, string | undefined]>([
  ['of the device tree, without its final NUL', { [DEVICE_TREE]: '10000000a3b1c2d3\0' }, '10000000a3b1c2d3'],
  ['of /proc/cpuinfo where there is no device tree', { [CPU_INFO]: PI_CPU }, '00000000a3b1c2d3'],
  ['of the device tree first', { [DEVICE_TREE]: 'tree\0', [CPU_INFO]: PI_CPU, [PRODUCT]: 'dmi' }, 'tree'],
  ['of the product', { [CPU_INFO]: 'model name : x64\n', [PRODUCT]: 'PF-3XK\n', [BOARD]: 'b' }, 'PF-3XK'],
  ['of the board where the product has none', { [PRODUCT]: 'Default string\n', [BOARD]: 'L1HF\n' }, 'L1HF'],
  [
    'none of zeros',
    { [DEVICE_TREE]: '0000000000000000\0', [CPU_INFO]: 'Serial\t: 0000000000000000\n' },
    undefined,
  ],
  [
    'none where firmware says that nobody wrote one',
    { [PRODUCT]: 'To Be Filled By O.E.M.\n', [BOARD]: 'None\n' },
    undefined,
  ],
  ['none that is empty', { [DEVICE_TREE]: '\0', [PRODUCT]: ' \n' }, undefined],
  ['none of more than 100 characters', { [PRODUCT]: 'x'.repeat(101) }, undefined],
  ['none where nothing can be read', {}, undefined],
])('takes the serial number %s', (_, files, serial) => {
  expect(readHardwareSerial((path) => files[path])).toBe(serial);
});
