import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { decodeTelegramCommand } from '../../../agent/local/cli/decode-telegram-command.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';

const folder = new URL('../../../drivers/mbus/cases', import.meta.url).pathname;
const telegram = (name: string): readonly string[] =>
  readFileSync(`${folder}/${name}/input.hex`, 'latin1').trim().split(/\s+/);

const decode = (
  bytes: readonly string[],
  parts: { protocol?: string; profile?: string; json?: boolean } = {},
) => {
  const printed: string[] = [];
  const { protocol = 'mbus', profile, json = false } = parts;
  const options = { bytes, protocol, profile, profiles: [packagedProfiles], json };
  decodeTelegramCommand(options, { print: (text) => void printed.push(text), explain: () => {} });
  return printed.join('\n');
};

it('shows the fields of a telegram with their units, and the points of a profile in it', () => {
  const shown = decode(telegram('multical-601'), { profile: 'kamstrup/multical-601' });
  expect(shown).toMatch(/^from 17, device time 2011-01-05T14:26:00\.000Z$/m);
  expect(shown).toMatch(/^energy +37351 kW\.h$/m);
  expect(shown).toMatch(/^energy storage 1 +33361 kW\.h +at 2010-12-30T23:00/m);
  expect(shown).toMatch(/^power +34\.7 kW/m);
});

it('says why a field has no value, and what is suspect', () => {
  const shown = decode(telegram('held-during-error'));
  expect(shown).toMatch(/^power +– \(99999900 held during an error: it is no reading\)$/m);
  expect(shown).toMatch(/^energy +0 kW\.h +suspect: the device says: temporary error$/m);
});

it('gives the same as JSON', () => {
  expect(JSON.parse(decode(telegram('encrypted'), { json: true }))).toMatchObject({
    address: '1',
    fields: {
      'encrypted data': { value: null, raw: '00112233445566778899aabbccddeeff', fault: { code: 'decode' } },
      volume: { value: 0.005, unit: 'm3' },
    },
  });
});

it('refuses what is no telegram by its reason, and a protocol that sends none', () => {
  expect(() => decode(telegram('wrong-checksum'))).toThrow(/no telegram \(checksum\): checksum 00/);
  expect(() => decode(['00'], { protocol: 'modbus' })).toThrow(/--protocol takes .*mbus/);
});

it('reads a telegram behind what a line carries beside it, and says what that was', () => {
  const shown = decode(['E5', '105B015C16', 'FFFF', ...telegram('multical-601'), 'E5']);
  expect(shown).toMatch(/^skipped an acknowledgement: E5$/m);
  expect(shown).toMatch(/^skipped a short frame: 10 5B 01 5C 16$/m);
  expect(shown).toMatch(/^skipped 2 bytes that are no frame: FF FF$/m);
  expect(shown).toMatch(/^energy +37351 kW\.h$/m);
  const damaged = telegram('wrong-checksum').concat(telegram('multical-601'));
  expect(JSON.parse(decode(damaged, { json: true }))).toMatchObject({
    remarks: expect.arrayContaining([expect.stringMatching(/a damaged frame: checksum/)]),
  });
  expect(() => decode(['E5', '105B015C16'])).toThrow(/no frame begins here that has data: .*short frame/);
});

it('asks for a profile where each device speaks its own way, and shows its words as words', () => {
  expect(() => decode(['1.0'], { protocol: 'line' })).toThrow(/-p/);
  const shown = decode(['\x02Q,229,002.74,M,00,\x0316\r\n'], {
    protocol: 'line',
    profile: 'gill/windsonic',
  });
  expect(shown).not.toContain('is no number');
});

it('takes text where a telegram is text', () => {
  const sentence = '$GPGLL,4916.45,N,12311.12,W,225444,A*31';
  expect(decode([sentence.replace('*31', '*31\\r\\n')], { protocol: 'nmea' })).toContain('49.27');
});
