import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { check, renderCheck } from '../../../agent/twin/check.js';

const folder = mkdtempSync(join(tmpdir(), 'terroir-check-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};

const withBuffer = (megabytes: string): string =>
  write('buffer.yaml', `gateway: { name: Town hall }\nbuffer:\n  megabytes: ${megabytes}\n`);

describe('check', () => {
  test('sums up a configuration that is in order', () => {
    const file = write(
      'good.yaml',
      `gateway: { name: Town hall }
buses: { hall: { tcp: h } }
devices: { m: { bus: hall, address: 1, profile: terroir/noise-meter, interval: 2s } }
`,
    );
    const report = check(file);
    expect(report).toMatchObject({
      ok: true,
      summary: {
        gateway: 'Town hall',
        devices: 1,
        points: 3,
        readingsPerS: 1.5,
        buses: [{ key: 'hall', endpoint: 'h:502' }],
      },
    });
    expect(renderCheck(report)).toContain('1 bus, 1 device, 3 points, 1.5 readings a second');
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  test('says file, line, column, key and what is accepted', () => {
    const file = write('bad.yaml', 'gateway: { name: x }\nbusses: {}\n');
    const report = check(file);
    expect(report.ok).toBe(false);
    expect(renderCheck(report).split('\n')[0]).toMatch(
      /bad\.yaml:2:1 busses: is not a key known here \(accepted: buses, /,
    );
  });

  test.each(['15', '15.9', '-1', 'lots'])(
    'says how much a buffer needs that is to have %s MB',
    (megabytes) => {
      const file = withBuffer(megabytes);
      expect(renderCheck(check(file))).toContain(
        `${file}:3:3 buffer.megabytes: must be 16 or more, the most that the buffer's file takes, in MB, not ${megabytes}`,
      );
      expect(check(withBuffer('16')).ok).toBe(true);
    },
  );

  test('says the problems of a profile in the file of the profile', () => {
    mkdirSync(join(folder, 'own/acme'), { recursive: true });
    const profile = write('own/acme/t1.yaml', 'maker: Acme\n');
    const file = write(
      'site.yaml',
      'gateway: { name: x }\nbuses: { b: { tcp: h } }\ndevices: { d: { bus: b, address: 1, profile: acme/t1 } }\n',
    );
    const { problems } = check(file, [join(folder, 'own')]);
    expect(problems.map((problem) => problem.file)).toContain(profile);
    expect(problems[0]).toMatchObject({ file, line: 3, key: 'devices.d.profile' });
  });

  test('lints the profiles that devices have: a vector that is wrong fails, a departure from the style is told', () => {
    mkdirSync(join(folder, 'linted/acme'), { recursive: true });
    const profile = (value: number) =>
      write(
        'linted/acme/t2.yaml',
        `maker: Acme
model: T2
protocol: modbus
source: { document: T2 manual }
points:
  t: { name: T, address: 1, type: int16, scale: 0.1, unit: Cel, property: air_temperature, kind: gauge, vectors: [{ raw: 00 D7, value: ${value}, cite: page 16 }] }
`,
      );
    const file = write(
      'linted.yaml',
      'gateway: { name: x }\nbuses: { b: { tcp: h } }\ndevices: { d: { bus: b, address: 1, profile: acme/t2 } }\n',
    );
    profile(99);
    const wrong = check(file, [join(folder, 'linted')]);
    expect(wrong.ok).toBe(false);
    expect(renderCheck(wrong)).toContain(
      'profile acme/t2: error t: the vector 00d7 means 21.5, not 99 (page 16)',
    );
    profile(21.5);
    const right = check(file, [join(folder, 'linted')]);
    expect(right.ok).toBe(true);
    expect(renderCheck(right)).toContain('profile acme/t2: warning: source.page is missing');
  });

  test('says that a file is not there', () => {
    expect(renderCheck(check(join(folder, 'absent.yaml')))).toContain('there is no such file');
  });
});
