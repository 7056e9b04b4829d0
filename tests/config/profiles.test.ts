import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../agent/twin/check.js';
import { loadCatalogue } from '../../agent/twin/catalogue.js';
import { parseConfiguration } from '../../agent/twin/configuration-file.js';
import { packagedCatalogue, packagedProfiles } from '../../agent/twin/packaged.js';
import { decodeRegisters } from '../../drivers/modbus/decode-registers.js';
import { isBorneOut, isCited, lintProfile, vectorsOf } from '../../drivers/profile-lint.js';
import { listProfiles, loadProfile, parseProfile } from '../../drivers/profile-file.js';
import { isRegisterPoint } from '../../drivers/profile.js';

const catalogue = loadCatalogue(packagedCatalogue);
const ids = listProfiles([packagedProfiles]);
const profiles = ids.map((id) => loadProfile([packagedProfiles], id, catalogue));

describe('the packaged profiles', () => {
  test('are there for the demonstration', () => {
    expect(ids).toEqual(
      expect.arrayContaining([
        'eastron/sdm630-v2',
        'terroir/noise-meter',
        'terroir/parking-counter',
        'terroir/water-meter',
        'terroir/weather-station',
      ]),
    );
  });

  test.each(ids)('%s says all of itself without the catalogue', (id) => {
    expect(loadProfile([packagedProfiles], id)).toEqual(loadProfile([packagedProfiles], id, catalogue));
  });

  test.each(ids.filter((id) => id.startsWith('terroir/')))('%s is marked as a model of ours', (id) => {
    expect(loadProfile([packagedProfiles], id).source.synthetic).toBe(true);
  });

  test.each(profiles)('$id has test vectors', (profile) => {
    expect(vectorsOf(profile).length).toBeGreaterThan(0);
  });
});

test('models with a cited map and a cited vector are 25 at least for Modbus, and twelve for the others', () => {
  const counted = profiles.filter(isBorneOut);
  const modbus = counted.filter(({ protocol }) => protocol === 'modbus');
  expect(modbus.length).toBeGreaterThanOrEqual(25);
  expect(counted.length - modbus.length).toBeGreaterThanOrEqual(12);
});

test.each([
  ['manual 25359, page 62', true],
  ['capture by mbmd: github.com/volkszaehler/mbmd, pull request 129', true],
  ['synthetic', false],
  ['Synthetic, after page 62', false],
  ['public capture of a meter', false],
])('a vector cited as "%s" bears its profile out: %s', (cite, cited) => {
  expect(isCited({ raw: '00', values: { a: 1 }, cite })).toBe(cited);
  expect(isCited({ raw: '00', values: { a: null }, cite })).toBe(false);
  expect(isCited({ raw: '0000', value: 0, cite, of: 'another' })).toBe(false);
});

test.each(profiles)('$id gives the linter nothing to mend', (profile) => {
  expect(lintProfile(profile).filter(({ level }) => level !== 'note')).toEqual([]);
});

const headOf = (id: string): readonly string[] => {
  const lines = readFileSync(join(packagedProfiles, `${id}.yaml`), 'utf8').split('\n');
  return lines.slice(
    0,
    lines.findIndex((line) => !line.startsWith('#')),
  );
};

test.each(ids)('%s tells editors how to check it', (id) => {
  expect(headOf(id)[0]).toBe('# yaml-language-server: $schema=../../schemas/profile.json');
});

test.each(profiles.filter((profile) => !profile.source.synthetic && !isBorneOut(profile)))(
  '$id says in its head that no vector is cited',
  ({ id }) => {
    expect(headOf(id).join(' ')).toMatch(/no cited vector/i);
  },
);

test("a site's copy goes over the packaged profile point by point", () => {
  const site = mkdtempSync(join(tmpdir(), 'site-'));
  mkdirSync(join(site, 'eastron'));
  const own =
    'interval: 1m\npoints:\n  frequency: { address: 70, unit: mHz, scale: 1000, property: frequency }\n';
  writeFileSync(join(site, 'eastron/sdm120.yaml'), own);
  const packaged = loadProfile([packagedProfiles], 'eastron/sdm120', catalogue);
  const over = loadProfile([site, packagedProfiles], 'eastron/sdm120', catalogue);
  rmSync(site, { recursive: true });
  const frequency = over.points.find(({ key }) => key === 'frequency');
  expect(frequency).toMatchObject({
    unit: 'mHz',
    scale: 1000,
    register: { type: 'float32', table: 'input' },
  });
  expect(over.points.filter(({ key }) => key !== 'frequency')).toEqual(
    packaged.points.filter(({ key }) => key !== 'frequency'),
  );
  expect(over.defaultIntervalMs).toBe(60_000);
  expect(over.hash).not.toBe(packaged.hash);
});

const vectors = profiles.flatMap(({ id, points }) =>
  points
    .filter(isRegisterPoint)
    .flatMap((point) =>
      point.vectors.map((vector) => ({ id, point, vector, raw: vector.raw, key: point.key })),
    ),
);

describe('a vector of a profile', () => {
  test.each(vectors)('$id $key $raw means what its document says', ({ point, vector }) => {
    const bytes = Uint8Array.from(Buffer.from(vector.raw, 'hex'));
    const { value, fault } = decodeRegisters(bytes, point.register, point);
    expect(fault).toBeUndefined();
    if (point.register.type.startsWith('float')) {
      expect(Math.abs(Number(value) - Number(vector.value))).toBeLessThanOrEqual(
        Math.abs(Number(vector.value)) * 1e-6,
      );
    } else expect(value).toBe(vector.value);
  });
});

const kindsOf = (unit: string) =>
  [...catalogue.properties]
    // A position counts in degrees, too, and is no direction.
    .filter(([name, property]) => property.unit === unit && !['latitude', 'longitude'].includes(name))
    .flatMap(([, { kinds }]) => kinds);

describe('the catalogue', () => {
  test('has every unit that its properties want, and names in both languages', () => {
    for (const property of catalogue.properties.values()) {
      expect(catalogue.units.has(property.unit)).toBe(true);
      expect(property.en).not.toBe('');
      expect(property.fr).not.toBe('');
    }
  });

  test('never averages angles and levels as plain numbers', () => {
    expect(kindsOf('deg')).not.toContain('gauge');
    expect(kindsOf('dB[SPL]')).not.toContain('gauge');
  });
});

describe('the examples', () => {
  const folder = join(packagedProfiles, '../examples');
  const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));

  test.each(files)('%s is in order', (file) => {
    expect(check(join(folder, file)).problems).toEqual([]);
  });

  test('the shortest has ten lines', () => {
    expect(readFileSync(join(folder, 'ten-lines.yaml'), 'utf8').trim().split('\n')).toHaveLength(10);
  });

  test('those of the README are in order too', () => {
    const readme = readFileSync(join(folder, '../README.md'), 'utf8');
    const blocks = [...readme.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
    expect(blocks.length).toBeGreaterThan(1);
    const deps = { catalogue, profile: (id: string) => loadProfile([packagedProfiles], id, catalogue) };
    for (const text of blocks) {
      if (text.startsWith('gateway:')) parseConfiguration(text, 'README.md', deps);
      else parseProfile(text, 'README.md', 'acme/t1', catalogue);
    }
  });
});
