import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { expect, it } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { unescapeText } from '../../../drivers/line/escapes.js';
import { instrumentOf } from '../../../drivers/line/instrument.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { TelegramError } from '../../../drivers/telegram/telegram-error.js';
import type { Telegram } from '../../../drivers/telegram/telegram.js';

const Expected = Type.Object({
  profile: Type.String(),
  cite: Type.String(),
  address: Type.Optional(Type.String()),
  time: Type.Optional(Type.String()),
  fields: Type.Optional(Type.Record(Type.String(), Type.Union([Type.Number(), Type.String(), Type.Null()]))),
  doubt: Type.Optional(Type.String()),
  error: Type.Optional(Type.String()),
});

const folder = new URL('../../../drivers/line/cases', import.meta.url).pathname;

const decoded = (profile: string, input: string): Telegram | TelegramError => {
  const instrument = instrumentOf(loadProfile([packagedProfiles], profile).section);
  try {
    return instrument.decode(Buffer.from(unescapeText(input), 'latin1'));
  } catch (error) {
    if (error instanceof TelegramError) return error;
    throw error;
  }
};

it.each(readdirSync(folder))('%s', (name) => {
  const input = readFileSync(join(folder, name, 'input.txt'), 'latin1').trimEnd();
  const expected: unknown = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8'));
  if (!Value.Check(Expected, expected)) throw new Error(`${name}: expected.json is not understood`);
  const telegram = decoded(expected.profile, input);
  if (telegram instanceof TelegramError) {
    expect({ refused: telegram.code, why: telegram.message }).toMatchObject({ refused: expected.error });
    return;
  }
  expect(expected.error).toBeUndefined();
  if (expected.address !== undefined) expect(telegram.address).toBe(expected.address);
  if (expected.time !== undefined) expect(telegram.deviceTime).toBe(Date.parse(expected.time));
  const fields = Object.keys(expected.fields ?? {});
  expect(fields.length).toBeGreaterThan(0);
  for (const field of fields) {
    expect([field, telegram.fields.get(field)?.value]).toEqual([field, expected.fields?.[field]]);
    if (expected.doubt !== undefined)
      expect(telegram.fields.get(field)?.doubt?.detail).toContain(expected.doubt);
  }
});
