import { describe, expect, test } from 'vitest';
import { rulesOf } from '../../../agent/acquisition/acquired-point.js';
import { bufferPoints } from '../../../agent/local/buffer-points.js';
import { loadCatalogue } from '../../../agent/twin/catalogue.js';
import { parseConfiguration } from '../../../agent/twin/configuration-file.js';
import { buildDirectory, pointName } from '../../../agent/twin/directory.js';
import { packagedCatalogue, packagedProfiles } from '../../../agent/twin/packaged.js';
import { loadProfile } from '../../../drivers/profile-file.js';

const catalogue = loadCatalogue(packagedCatalogue);
const configuration = parseConfiguration(
  `gateway: { name: x }
buses: { b: { tcp: h } }
devices:
  meter:
    bus: b
    address: 7
    profile: eastron/sdm630-v2
    installation: { serial: S1, location: hall, ratio: 40 }
    points: { voltage_l1: , active_power: { deadband: 5 } }
  water: { bus: b, address: 8, profile: terroir/water-meter, installation: { ratio: 10, offset: 100 }, points: { index: , leak: } }
`,
  'f.yaml',
  { catalogue, profile: (id) => loadProfile([packagedProfiles], id, catalogue) },
);
const names = ['meter/voltage_l1', 'meter/active_power', 'water/index', 'water/leak'];
const numbers = new Map(names.map((name, index) => [name, index + 10]));

describe('a directory', () => {
  const directory = buildDirectory(configuration, numbers);

  test('leads from a number to the configuration, profile and installation that made a reading', () => {
    expect(directory.configuration).toBe(configuration.version);
    expect(directory.points.map(({ number, device, key }) => [number, pointName(device, key)])).toEqual(
      names.map((name, index) => [index + 10, name]),
    );
    expect(directory.devices[0]).toMatchObject({
      key: 'meter',
      address: '7',
      maker: 'Eastron',
      profileHash: configuration.devices[0]?.profile.hash,
      installation: { serial: 'S1', location: 'hall', ratio: 40 },
    });
  });

  test('gives scale and offset as they act on each point', () => {
    expect(directory.points.map(({ scale, offset }) => [scale, offset])).toEqual([
      [1, 0],
      [40, 0],
      [0.01, 100],
      [1, 0],
    ]);
  });

  test('says where a counter wraps as it is stored, and so do the windows and the tests of quality', () => {
    const water = configuration.devices.find(({ key }) => key === 'water');
    const index = water?.points.find(({ map }) => map.key === 'index');
    if (water === undefined || index === undefined) throw new Error('no water meter');
    expect(water.profile.points.find(({ key }) => key === 'index')?.rollover).toBe(1_000_000);
    expect(directory.points[2]?.rollover).toBe(10_000_000);
    expect(bufferPoints(configuration).map(({ rollover }) => rollover)).toEqual(
      directory.points.map(({ rollover }) => rollover),
    );
    expect(rulesOf(water, index).tests.rollover).toBe(10_000_000);
  });

  test('names the thresholds of the tests', () => {
    expect(directory.points[1]).toMatchObject({
      tests: { min: -4_200_000, max: 4_200_000 },
      deadband: 5,
      dialUnit: 'kW',
    });
    expect(directory.points[3]).toMatchObject({ kind: 'state', states: { 0: 'none', 1: 'leak' }, tests: {} });
  });

  test('refuses a point without a number', () => {
    expect(() => buildDirectory(configuration, new Map())).toThrow(/meter\/voltage_l1 has no number/);
  });
});
