import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { expect, it } from 'vitest';
import { decodeTelegram } from '../../../drivers/mbus/decode-telegram.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';
import type { Telegram } from '../../../drivers/telegram/telegram.js';

const ByField = Type.Record(Type.String(), Type.String());
const Expected = Type.Object(
  {
    cite: Type.String(),
    fields: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Null()])),
    ),
    /** Words of a field's fault, or doubt. */
    faults: Type.Optional(ByField),
    doubts: Type.Optional(ByField),
    /** Fields without a doubt. */
    sound: Type.Optional(Type.Array(Type.String())),
    deviceTime: Type.Optional(Type.String()),
    times: Type.Optional(ByField),
    error: Type.Optional(Type.String()),
    why: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

const folder = new URL('../../../drivers/mbus/cases', import.meta.url).pathname;

const decoded = (name: string): Telegram | TelegramError => {
  const hex = readFileSync(join(folder, name, 'input.hex'), 'latin1').replaceAll(/\s/g, '');
  try {
    return decodeTelegram(Uint8Array.from(Buffer.from(hex, 'hex')), undefined);
  } catch (error) {
    if (error instanceof TelegramError) return error;
    throw error;
  }
};

const expected = (name: string): Static<typeof Expected> => {
  const parsed: unknown = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8'));
  if (!Value.Check(Expected, parsed)) throw new Error(`${name}: expected.json is not understood`);
  return parsed;
};

const iso = (ms: number | undefined): string => (ms === undefined ? 'none' : new Date(ms).toISOString());

it.each(readdirSync(folder))('%s', (name) => {
  const telegram = decoded(name);
  const { fields, faults, doubts, sound, deviceTime, times, error, why } = expected(name);
  if (telegram instanceof TelegramError) {
    expect({ code: telegram.code, message: telegram.message }).toEqual({
      code: error,
      message: expect.stringContaining(why ?? '-'),
    });
    return;
  }
  expect(error).toBeUndefined();
  const got = Object.keys(fields ?? {}).map((field) => [field, telegram.fields.get(field)?.value]);
  expect(Object.fromEntries(got)).toEqual(fields);
  for (const [field, words] of Object.entries(faults ?? {}))
    expect([field, telegram.fields.get(field)?.fault?.detail ?? '']).toEqual([
      field,
      expect.stringContaining(words),
    ]);
  for (const [field, words] of Object.entries(doubts ?? {}))
    expect([field, telegram.fields.get(field)?.doubt?.detail ?? '']).toEqual([
      field,
      expect.stringContaining(words),
    ]);
  for (const field of sound ?? [])
    expect([field, telegram.fields.get(field)?.doubt]).toEqual([field, undefined]);
  if (deviceTime !== undefined) expect(iso(telegram.deviceTime)).toBe(deviceTime);
  for (const [field, time] of Object.entries(times ?? {}))
    expect([field, iso(telegram.fields.get(field)?.deviceTime)]).toEqual([field, time]);
});
