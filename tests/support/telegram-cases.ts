import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Dialect } from '../../drivers/dialect.js';
import { TelegramError } from '../../drivers/telegram/telegram-error.js';
import type { Telegram } from '../../drivers/telegram/telegram.js';

const drivers = fileURLToPath(new URL('../../drivers', import.meta.url));

interface Expected {
  readonly address?: string;
  readonly deviceTime?: string | null;
  readonly deviceClock?: string | null;
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Codes, by field. */
  readonly faults?: Readonly<Record<string, string>>;
  readonly deviceTimes?: Readonly<Record<string, string>>;
  /** Code of the error that refuses the telegram. */
  readonly error?: string;
  readonly section?: unknown;
}

const iso = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString();

const outcome = (decode: () => Telegram): Telegram | TelegramError => {
  try {
    return decode();
  } catch (error) {
    if (error instanceof TelegramError) return error;
    throw error;
  }
};

const compare = (telegram: Telegram, expected: Expected): void => {
  const { fields } = telegram;
  for (const [name, value] of Object.entries(expected.fields ?? {}))
    expect([name, fields.get(name)?.value]).toEqual([name, value]);
  for (const [name, code] of Object.entries(expected.faults ?? {}))
    expect([name, fields.get(name)?.fault?.code]).toEqual([name, code]);
  for (const [name, time] of Object.entries(expected.deviceTimes ?? {}))
    expect([name, iso(fields.get(name)?.deviceTime)]).toEqual([name, time]);
  if (expected.address !== undefined) expect(telegram.address).toBe(expected.address);
  if (expected.deviceTime !== undefined) expect(iso(telegram.deviceTime) ?? null).toBe(expected.deviceTime);
  if (expected.deviceClock !== undefined) expect(telegram.deviceClock ?? null).toBe(expected.deviceClock);
};

/** One test for each folder of `drivers/<protocol>/cases`: `telegram.hex` means what `expected.json` says. */
export const testTelegramCases = ({ protocol, telegrams }: Dialect): void => {
  const decode = telegrams?.decode;
  if (decode === undefined) throw new Error(`${protocol} has no telegrams`);
  const folder = join(drivers, protocol, 'cases');
  test.each(readdirSync(folder))('the case %s decodes to what is expected', (name) => {
    const hex = readFileSync(join(folder, name, 'telegram.hex'), 'utf8').replaceAll(/\s/g, '');
    const expected: Expected = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8'));
    const got = outcome(() => decode(Uint8Array.from(Buffer.from(hex, 'hex')), expected.section));
    if (got instanceof TelegramError) expect(got.code).toBe(expected.error);
    else {
      expect(expected.error).toBeUndefined();
      compare(got, expected);
    }
  });
};
