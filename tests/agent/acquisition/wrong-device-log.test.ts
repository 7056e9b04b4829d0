import { expect, test } from 'vitest';
import { createWrongDeviceLog } from '../../../agent/acquisition/wrong-device-log.js';
import { judge } from '../../../agent/acquisition/quality.js';
import type { Fault, Sample } from '../../../drivers/sample.js';

const device = { key: 'meter', bus: 'hall' };
const sample = (value: number | null, code?: Fault['code']): Sample => ({
  point: 'power',
  value,
  raw: new Uint8Array(),
  at: 0,
  ...(code === undefined ? {} : { fault: { code, detail: 'says 12, not 33' } }),
});

test('a wrong device is said once, and once that the right one is back', () => {
  const said: string[] = [];
  const log = createWrongDeviceLog({
    warn: (event) => void said.push(event),
    info: (event) => void said.push(event),
  });
  const polls = [sample(1), sample(null, 'identity'), sample(null, 'identity'), sample(null, 'timeout')];
  for (const polled of [...polls, sample(2), sample(3)]) log(device, [polled]);
  expect(said).toEqual(['wrong-device', 'right-device-again']);
});

test('its values are missing, for a fault of the bus', () => {
  const wrong = sample(null, 'identity');
  expect(judge({ kind: 'gauge', tests: {} }, undefined, wrong, null)).toMatchObject({
    flag: 9,
    reason: 'wrong-device',
  });
});
