import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { Sample } from '../../../../drivers/sample.js';
import { decodeRegisters } from '../../../../drivers/modbus/decode-registers.js';
import { recogniseUnit, type DoctorBus } from '../../../../drivers/modbus/doctor/recognise-unit.js';
import { isBitTable, span } from '../../../../drivers/modbus/register-layout.js';
import {
  createRegisterImage,
  type RegisterImage,
} from '../../../../drivers/modbus/simulator/register-image.js';
import { isRegisterPoint, type Profile, type ProfilePoint } from '../../../../drivers/profile.js';
import { listProfiles, loadProfile } from '../../../../drivers/profile-file.js';
import { createPointValues } from '../../../../drivers/simulator/point-values.js';
import { always } from '../../../support/modbus.js';

const folder = fileURLToPath(new URL('../../../../config/profiles', import.meta.url));
const models = listProfiles([folder])
  .map((id) => loadProfile([folder], id))
  .filter(({ protocol }) => protocol === 'modbus');

const NONE = { fault: { code: 'exception', detail: 'illegal function (1)' }, at: 0 } as const;

const sampleOf = (point: ProfilePoint, image: RegisterImage, timeMs: number): Sample => {
  if (!isRegisterPoint(point)) throw new Error(`${point.key} lives in no register`);
  const { table, address } = point.register;
  const raw = image.read(table, address, isBitTable(table) ? 1 : span(point.register), timeMs);
  const told = { point: point.key, at: 0 };
  return raw === undefined
    ? { ...told, value: null, raw: new Uint8Array(), fault: NONE.fault }
    : { ...told, raw, ...decodeRegisters(raw, point.register, point) };
};

/** The registers of one simulated device, without a line before them. */
const deviceOf = (profile: Profile, timeMs: number): DoctorBus => {
  const image = createRegisterImage(profile, createPointValues(3));
  const { identification } = image;
  return {
    read: ({ points }) => Promise.resolve(points.map((point) => sampleOf(point, image, timeMs))),
    identify: () =>
      Promise.resolve(
        identification === undefined ? NONE : { value: { ...identification, own: new Map() }, at: 0 },
      ),
    reportServerId: () => Promise.resolve(NONE),
  };
};

/** Models of one maker, or of one map, that their values alone do not part: Eastron's SDM120, 220 and 230. */
const MOST_ALIKE = 3;

const TIMES = {
  'a summer evening': Date.UTC(2026, 5, 15, 17, 30),
  'a winter night': Date.UTC(2026, 0, 20, 3),
};

test.each(Object.entries(TIMES))('every packaged model is told from all others on %s', async (_, timeMs) => {
  const wrong: string[] = [];
  for (const meant of models) {
    const { best, rivals } = await recogniseUnit(deviceOf(meant, timeMs), '1', models, always(), () => {});
    const found = [best, ...rivals].map((evidence) => evidence?.profile.id ?? 'nothing');
    if (!found.includes(meant.id) || found.length > MOST_ALIKE)
      wrong.push(`${meant.id} was taken for ${found.join(', ')}`);
  }
  expect(models.length).toBeGreaterThan(30);
  expect(wrong).toEqual([]);
});
