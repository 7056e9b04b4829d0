import { expect, test } from 'vitest';
import { createSurroundings, PROPERTY_CURVES } from '../../../drivers/simulator/property-curves.js';

const HOUR_MS = 3_600_000;
const START = Date.UTC(2026, 0, 5);
const HOURS = Array.from({ length: 48 }, (_, hour) => START + hour * HOUR_MS);
const place = createSurroundings(3);

const at = (property: string, time: number): number =>
  PROPERTY_CURVES[property]?.(place, time, 1) ?? Number.NaN;

test('weather stays what a station can show, and the dew point below the air', () => {
  for (const time of HOURS) {
    expect(at('dew_point', time)).toBeLessThanOrEqual(at('air_temperature', time));
    expect(at('uv_index', time)).toBeGreaterThanOrEqual(0);
    expect(at('uv_index', time)).toBeLessThanOrEqual(12);
    expect(at('battery_voltage', time)).toBeGreaterThan(4);
    expect(at('battery_voltage', time)).toBeLessThan(5);
  }
});

test('the energy of a heat meter is what its power was, and its return is colder', () => {
  const steps = HOURS.flatMap((hour) => Array.from({ length: 60 }, (_, minute) => hour + minute * 60_000));
  const kilowattHours = steps.reduce((sum, time) => sum + at('thermal_power', time) / 60 / 1000, 0);
  const counted = at('thermal_energy', START + 48 * HOUR_MS) - at('thermal_energy', START);
  expect(kilowattHours).toBeGreaterThan(1);
  expect(Math.abs(counted / kilowattHours - 1)).toBeLessThan(0.02);
  for (const time of HOURS)
    expect(at('return_temperature', time)).toBeLessThan(at('flow_temperature', time) - 10);
});
