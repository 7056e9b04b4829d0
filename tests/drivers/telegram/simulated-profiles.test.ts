import { expect, test } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { decodeNmea } from '../../../drivers/nmea/decode.js';
import { nmeaSentences } from '../../../drivers/nmea/simulator/nmea-server.js';
import { isFieldPoint } from '../../../drivers/profile.js';
import { listProfiles, loadProfile } from '../../../drivers/profile-file.js';
import type { ServedDevice } from '../../../drivers/simulator/device-server.js';
import { createPointValues } from '../../../drivers/simulator/point-values.js';
import { samplesOf } from '../../../drivers/telegram/samples-of.js';
import type { Telegram } from '../../../drivers/telegram/telegram.js';
import { decodeTic } from '../../../drivers/tic/decode.js';
import { ticFrame } from '../../../drivers/tic/simulator/tic-server.js';

const NOW = Date.UTC(2026, 0, 15, 10);
const SAID: Readonly<Record<string, (device: ServedDevice) => Telegram>> = {
  tic: (device) => decodeTic(ticFrame(device, NOW)),
  nmea: (device) => decodeNmea(nmeaSentences(device, NOW)),
};

const profiles = listProfiles([packagedProfiles])
  .map((id) => loadProfile([packagedProfiles], id))
  .filter(({ protocol }) => Object.hasOwn(SAID, protocol));

test.each(profiles)('$id has a value for every point where it is simulated', (profile) => {
  const say = SAID[profile.protocol];
  const telegram = say?.({ address: '', profile, values: createPointValues(3) });
  if (telegram === undefined) throw new Error('nobody speaks');
  const samples = samplesOf(profile.points.filter(isFieldPoint), telegram, 0);
  // Of the tariff periods of a meter, one is under way.
  const faults = samples.filter(({ fault }) => fault !== undefined && !/tariff period/.test(fault.detail));
  expect(faults).toEqual([]);
});
