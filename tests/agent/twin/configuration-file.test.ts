import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadCatalogue } from '../../../agent/twin/catalogue.js';
import { convert } from '../../../agent/twin/convert.js';
import { parseConfiguration } from '../../../agent/twin/configuration-file.js';
import type { ConfiguredDevice } from '../../../agent/twin/configuration.js';
import { ConfigurationError } from '../../../agent/twin/errors.js';
import { packagedCatalogue, packagedProfiles } from '../../../agent/twin/packaged.js';
import { loadProfile } from '../../../drivers/profile-file.js';

const catalogue = loadCatalogue(packagedCatalogue);
const deps = { catalogue, profile: (id: string) => loadProfile([packagedProfiles], id, catalogue) };
const parse = (text: string) => parseConfiguration(text, '/etc/terroir/agent.yaml', deps);

const problemsOf = (text: string) => {
  try {
    parse(text);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
};

const HEAD = `gateway: { name: Town hall }
buses:
  hall: { tcp: 192.168.1.20:502 }
  line: { serial: /dev/ttyUSB0 }
devices:
`;
const METER = `  meter: { bus: hall, address: 1, profile: eastron/sdm630-v2 }\n`;

/** One described point; `point` are its keys, `device` those beside it. */
const described = (point: string, device = ''): ConfiguredDevice => {
  const [first] = parse(
    `${HEAD}  d: { bus: hall, address: 1, ${device} points: { p: { address: 0, ${point} } } }\n`,
  ).devices;
  if (first === undefined) throw new Error('no device');
  return first;
};

const byProfile = (keys: string): ConfiguredDevice => {
  const [first] = parse(`${HEAD}  d: { bus: hall, address: 1, ${keys} }\n`).devices;
  if (first === undefined) throw new Error('no device');
  return first;
};

const point = (device: ConfiguredDevice, key: string) => {
  const found = device.points.find(({ map }) => map.key === key);
  if (found === undefined) throw new Error(`no point ${key}`);
  return found;
};

describe('a configuration', () => {
  test('of a few lines gets every default', () => {
    const configuration = parse(HEAD + METER);
    expect(configuration).toMatchObject({
      name: 'Town hall',
      dataFolder: '/etc/terroir/data',
      buffer: {
        commitMs: 2000,
        historyMs: 90 * 86_400_000,
        capBytes: 2e9,
        floorBytes: 256e6,
        retryMs: 10_000,
        enduranceBytes: 20e12,
      },
      uplink: { sealMs: 10_000, keepaliveS: 60, healthMs: 60_000, retryMs: 5_000, bytesPerMonth: 0 },
    });
    expect(configuration.version).toMatch(/^[0-9a-f]{64}$/);
    expect(configuration.buses).toEqual([
      {
        key: 'hall',
        protocol: 'modbus',
        endpoint: { type: 'tcp', host: '192.168.1.20', port: 502 },
        framing: 'tcp',
        timeoutMs: 500,
        latenessMs: 1000,
        pauseMs: 0,
      },
      {
        key: 'line',
        protocol: 'modbus',
        endpoint: {
          type: 'serial',
          path: '/dev/ttyUSB0',
          baudRate: 9600,
          dataBits: 8,
          parity: 'even',
          stopBits: 1,
        },
        framing: 'rtu',
        timeoutMs: 1000,
        latenessMs: 1000,
        pauseMs: 0,
      },
    ]);
    const [meter] = configuration.devices;
    expect(meter?.points.map(({ map }) => map.key)).toEqual(meter?.profile.points.map(({ key }) => key));
    expect(meter?.points[0]).toMatchObject({
      kind: 'gauge',
      intervalMs: 10_000,
      maxHoldMs: 60_000,
      heartbeatMs: 900_000,
      windows: [60_000, 900_000],
      range: [0, 400],
    });
  });

  test.each([
    ['tcp: hall.local', { host: 'hall.local', port: 502 }, 'tcp'],
    ["tcp: '[fe80::1]:1502'", { host: 'fe80::1', port: 1502 }, 'tcp'],
    ['rtu-over-tcp: 10.0.0.7:4001', { host: '10.0.0.7', port: 4001 }, 'rtu'],
    [
      'serial: /dev/ttyS0, baud: 19200, format: 7O2',
      { baudRate: 19_200, dataBits: 7, parity: 'odd', stopBits: 2 },
      'rtu',
    ],
  ])('takes the bus %s', (bus, endpoint, framing) => {
    const [built] = parse(`gateway: { name: x }\nbuses: { b: { ${bus} } }\n`).buses;
    expect(built).toMatchObject({ endpoint, framing });
  });

  test('lets point, device and profile speak in that order', () => {
    const device = byProfile(
      'profile: eastron/sdm630-v2, interval: 30s, windows: [1h], points: { frequency: , active_power: { interval: 5s, windows: [5m, 1m] }, energy_import: { maxHold: 90s } }',
    );
    expect(device.points.map(({ map }) => map.key)).toEqual(['frequency', 'active_power', 'energy_import']);
    expect(point(device, 'frequency')).toMatchObject({
      intervalMs: 30_000,
      maxHoldMs: 90_000,
      windows: [3_600_000],
    });
    expect(point(device, 'active_power')).toMatchObject({
      intervalMs: 5000,
      maxHoldMs: 60_000,
      windows: [60_000, 300_000],
    });
    expect(point(byProfile('profile: eastron/sdm630-v2'), 'frequency').intervalMs).toBe(60_000);
  });

  test('takes quality tests and reporting of a point, in its unit as the installation makes it', () => {
    const device = byProfile(
      'profile: eastron/sdm630-v2, points: { active_power: { usual: [0, 9000], spike: [500, 5000], gap: 5m, flatLine: 1h, climatology: { 7: [0, 4000] }, deadband: 2%, minReport: 30s } }',
    );
    const climatology = Array.from({ length: 12 }, (_, index) => (index === 6 ? [0, 4000] : null));
    expect(point(device, 'active_power')).toMatchObject({
      tests: {
        usual: [0, 9000],
        spike: { suspect: 500, bad: 5000 },
        gapMs: 300_000,
        flatLineMs: 3_600_000,
        climatology,
      },
      deadband: { percent: 2 },
      minReportMs: 30_000,
    });
    const own = described('type: int16, property: air_temperature, unit: Cel, usual: [-10, 30], spike: [4]');
    expect(point(own, 'p').tests).toEqual({ usual: [-10, 30], spike: { suspect: 4 } });
  });

  test('takes text as it was written, though YAML sees numbers', () => {
    const { buses, devices } = parse(`gateway: { name: 42 }
buses: { b: { serial: /dev/ttyUSB0, format: 8E1 } }
devices: { d: { bus: b, address: 01, profile: terroir/water-meter, installation: { serial: 0012 } } }
`);
    expect(buses[0]?.endpoint).toMatchObject({ dataBits: 8, parity: 'even', stopBits: 1 });
    expect(devices[0]).toMatchObject({ address: '1', installation: { serial: '0012' } });
  });

  test("gives a point the catalogue's range in the point's unit where nobody says one", () => {
    expect(
      point(described('type: int16, property: air_temperature, unit: K'), 'p').range?.map(Math.round),
    ).toEqual([213, 343]);
    expect(point(described('type: int16, property: air_temperature, range: [0, 9]'), 'p').range).toEqual([
      0, 9,
    ]);
    expect(point(described('type: uint32, property: active_energy'), 'p').range).toBeUndefined();
  });

  test('infers kind, unit and type of a described point from its property and registers', () => {
    const { kind, map } = point(described('type: uint32, property: active_energy'), 'p');
    expect({ kind, unit: map.unit, valueType: map.valueType }).toEqual({
      kind: 'counter',
      unit: 'kW.h',
      valueType: 'integer',
    });
  });

  test('describes a device without a profile by itself', () => {
    const device = described(
      'type: int16, property: air_temperature',
      'maker: Acme, model: T1, modbus: { maxRegisters: 8 },',
    );
    expect(device.profile).toMatchObject({ maker: 'Acme', model: 'T1', maxRegisters: 8 });
    expect(device.profile.hash).toMatch(/^[0-9a-f]{64}$/);
  });
});

const typed = (ratio: string) =>
  point(described('type: uint32, property: active_energy', `installation: { ratio: ${ratio} },`), 'p').map
    .valueType;

describe("an installation's coefficients", () => {
  test('act on the points that they belong to, on their range and rollover too', () => {
    const device = byProfile('profile: terroir/water-meter, installation: { ratio: 10, offset: 5 }');
    expect(point(device, 'index').map.rollover).toBe(10_000_000);
    expect(point(device, 'flow').range).toEqual([-250, 250]);
    expect(point(device, 'temperature').range).toEqual([-5, 60]);
  });

  test('make fractions of integers only where they are fractions', () => {
    expect([typed('40'), typed('0.1')]).toEqual(['integer', 'float']);
  });

  test('are refused where they act on nothing, or add one number to several units', () => {
    const weather = problemsOf(
      `${HEAD}  w: { bus: hall, address: 1, profile: terroir/weather-station, installation: { ratio: 2 } }\n`,
    );
    expect(weather.map(({ key }) => key)).toEqual(['devices.w.installation.ratio']);
    const mixed = problemsOf(`${HEAD}  d:
    bus: hall
    address: 1
    installation: { offset: 5 }
    points:
      a: { address: 0, type: int16, property: air_temperature }
      b: { address: 1, type: int16, property: relative_humidity }
`);
    expect(mixed.map(({ line, key }) => `${line} ${key}`)).toEqual(['9 devices.d.installation.offset']);
  });
});

describe('a bad configuration', () => {
  test.each([
    ['an unknown key', `gatway: { name: x }\n`, '1 gatway', 'gateway'],
    [
      'an unknown bus',
      `${HEAD}  m: { bus: hal, address: 1, profile: eastron/sdm630-v2 }\n`,
      '6 devices.m.bus',
      'hall',
    ],
    [
      'an unknown profile',
      `${HEAD}  m: { bus: hall, address: 1, profile: eastron/sdm630-w2 }\n`,
      '6 devices.m.profile',
      'eastron/sdm630-v2',
    ],
    [
      'a point that the profile lacks',
      `${HEAD}  m:\n    bus: hall\n    address: 1\n    profile: eastron/sdm630-v2\n    points:\n      activepower:\n`,
      '11 devices.m.points.activepower',
      'active_power',
    ],
    [
      'an unknown key of a point',
      `${HEAD}  m: { bus: hall, address: 1, profile: eastron/sdm630-v2, points: { active_power: { dead_band: 1 } } }\n`,
      '6 devices.m.points.active_power.dead_band',
      'deadband',
    ],
    [
      'a bad unit',
      `${HEAD}  m: { bus: hall, address: 1, points: { p: { address: 0, type: int16, property: active_power, unit: kw } } }\n`,
      '6 devices.m.points.p.unit',
      'kW',
    ],
    [
      'windows that do not divide an hour',
      `${HEAD}  m: { bus: hall, address: 1, profile: eastron/sdm630-v2, windows: [7m] }\n`,
      '6 devices.m.windows.0',
      '1m',
    ],
    [
      'a device with neither profile nor points',
      `${HEAD}  m: { bus: hall, address: 1 }\n`,
      '6 devices.m',
      'profile',
    ],
    [
      'a bus of two kinds',
      `gateway: { name: x }\nbuses:\n  b: { tcp: h, serial: /dev/x }\n`,
      '3 buses.b',
      'tcp',
    ],
  ])('with %s is told where, and what was meant', (_, text, place, accepted) => {
    const found = problemsOf(text).map(({ line, key, accepted: names }) => [`${line} ${key}`, names?.[0]]);
    expect(found).toContainEqual([place, accepted]);
  });

  test.each([
    [
      'two devices at one address',
      `${HEAD}${METER}  other: { bus: hall, address: '01', profile: terroir/noise-meter }\n`,
      '7 devices.other.address',
    ],
    [
      'one line as two buses',
      `gateway: { name: x }\nbuses:\n  a: { tcp: H }\n  b: { tcp: h:502 }\n`,
      '4 buses.b',
    ],
    [
      'an interval that the device does not bear',
      `${HEAD}  m: { bus: hall, address: 1, profile: terroir/water-meter, interval: 1s }\n`,
      '6 devices.m.interval',
    ],
    [
      'an interval of a point that the device does not bear',
      `${HEAD}  m: { bus: hall, address: 1, profile: terroir/water-meter, points: { flow: { interval: 4s } } }\n`,
      '6 devices.m.points.flow.interval',
    ],
    [
      'a duration without a unit',
      `${HEAD}  m: { bus: hall, address: 1, profile: terroir/water-meter, interval: 10 }\n`,
      '6 devices.m.interval',
    ],
    [
      'an address that is none',
      `${HEAD}  m: { bus: line, address: 0, profile: terroir/water-meter }\n`,
      '6 devices.m.address',
    ],
    [
      'a lateness below the timeout',
      `gateway: { name: x }\nbuses:\n  b: { tcp: h, timeout: 3s, lateness: 2s }\n`,
      '3 buses.b.lateness',
    ],
    [
      'the speed of a TCP bus',
      `gateway: { name: x }\nbuses:\n  b: { tcp: h, baud: 9600 }\n`,
      '3 buses.b.baud',
    ],
    [
      'no port of a serial server',
      `gateway: { name: x }\nbuses:\n  b: { rtu-over-tcp: h }\n`,
      '3 buses.b.rtu-over-tcp',
    ],
    ['a key twice', `${HEAD}${METER}${METER}`, '7 '],
    [
      'a ratio of 0',
      `${HEAD}  m: { bus: hall, address: 1, profile: terroir/water-meter, installation: { ratio: 0 } }\n`,
      '6 devices.m.installation.ratio',
    ],
    [
      'a hold below the interval',
      `${HEAD}  m: { bus: hall, address: 1, profile: terroir/water-meter, points: { flow: { maxHold: 1s } } }\n`,
      '6 devices.m.points.flow.maxHold',
    ],
    [
      'the deadband of a state',
      `${HEAD}  m: { bus: hall, address: 1, profile: terroir/water-meter, points: { leak: { deadband: 1 } } }\n`,
      '6 devices.m.points.leak.deadband',
    ],
    ['a commit of 0', `gateway: { name: x }\nbuffer: { commit: 0s }\n`, '2 buffer.commit'],
    [
      'half a second of keepalive',
      `gateway: { name: x }\nuplink: { keepalive: 500ms }\n`,
      '2 uplink.keepalive',
    ],
    ['nothing in it', '', '1 gateway'],
  ])('with %s is told where', (_, text, place) => {
    expect(problemsOf(text).map(({ line, key }) => `${line} ${key}`)).toContain(place);
  });

  test('is told all its problems at once', () => {
    const problems = problemsOf(
      `${HEAD}  a: { bus: nowhere, address: 1, profile: nothing/here }\n  b: { bus: hall, address: 999, profile: terroir/noise-meter, interval: 1ms }\n`,
    );
    expect(problems.map(({ key }) => key)).toEqual([
      'devices.a.bus',
      'devices.a.profile',
      'devices.b.interval',
      'devices.b.address',
    ]);
  });

  test('is refused without a crash, whatever the text', () => {
    const scrap = fc.constantFrom(
      'gateway: { name: x }\n',
      'devices:\n',
      '  d:\n',
      '    bus: b\n',
      '    points: [1]\n',
      '- ',
      '&a ',
      '*a ',
      '{',
      '"',
      'buses: 3\n',
    );
    const texts = fc.oneof(
      fc.string(),
      fc.array(scrap).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(texts, (text) => {
        problemsOf(text);
      }),
    );
  });
});

describe('units of one quantity', () => {
  test('convert', () => {
    expect(convert(catalogue, 20, 'Cel', '[degF]')).toBeCloseTo(68, 9);
    expect(convert(catalogue, 1, 'MJ', 'kW.h')).toBeCloseTo(1 / 3.6, 12);
    expect(convert(catalogue, 1, 'L/s', 'm3/h')).toBeCloseTo(3.6, 12);
    expect(convert(catalogue, 1, 'W', 'kW.h')).toBeUndefined();
  });
});

test('a neighbour of a device that answers for others is refused, on its bus alone', () => {
  const sensor = '  air: { bus: line, address: 254, profile: senseair/s8 }\n';
  expect(problemsOf(HEAD + METER + sensor)).toEqual([]);
  const [problem, ...more] = problemsOf(HEAD + METER.replace('hall', 'line') + sensor);
  expect(problem).toMatchObject({
    key: 'devices.air.bus',
    message: expect.stringMatching(/senseair\/s8 .*alone on bus line, where meter is/),
  });
  expect(more).toEqual([]);
});
