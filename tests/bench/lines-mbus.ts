import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packagedProfiles } from '../../agent/twin/packaged.js';
import { decodeTelegram } from '../../drivers/mbus/decode-telegram.js';

/** Data of the repository, which a build does not copy. */
const cases = join(packagedProfiles, '../../drivers/mbus/cases');

/** Telegrams of real devices: 33, 27 and 27 records, 8 and 12. */
const TELEGRAMS = ['multical-601', 'tariffs-in-the-extension-table', 'held-during-error', 'plain-text-unit'];
const WARM_UP = 2_000;
const MEASURED_MS = 3_000;

const telegram = (name: string): Uint8Array => {
  const hex = readFileSync(join(cases, name, 'input.hex'), 'latin1').replaceAll(/\s/g, '');
  return Uint8Array.from(Buffer.from(hex, 'hex'));
};

/** Telegrams a second from bytes of the line to named fields, on one core; each of the devices in turn. */
export const mbusTelegramsPerSecond = (): number => {
  const telegrams = TELEGRAMS.map(telegram);
  let decoded = 0;
  const round = (): void => {
    for (const raw of telegrams) decoded += decodeTelegram(raw, undefined).fields.size > 0 ? 1 : 0;
  };
  for (let index = 0; index < WARM_UP; index++) round();
  decoded = 0;
  const start = performance.now();
  while (performance.now() - start < MEASURED_MS) for (let index = 0; index < 100; index++) round();
  return Math.round((1000 * decoded) / (performance.now() - start));
};
