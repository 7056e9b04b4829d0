import { connect } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { parseGpioEvent } from '../../../drivers/pulse/gpio-event.js';
import { PulseCounter } from '../../../drivers/pulse/pulse-counter.js';
import { wiringOf } from '../../../drivers/pulse/section.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { eventually } from '../../support/eventually.js';

it('prints edges that come to the pulses of the simulated meter', async () => {
  const profile = loadProfile([packagedProfiles], 'generic/s0-pulse');
  let pulses = 1000;
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'edges',
    units: [{ address: '17', profile, seed: 1, values: () => pulses }],
    now: () => Date.now(),
  });
  const socket = connect(simulator.port, '127.0.0.1');
  onTestFinished(async () => {
    socket.destroy();
    await simulator.close();
  });
  const start = { count: 0n, lostEdges: 0 };
  const counter = new PulseCounter(wiringOf(profile.section), start, () => {});
  counter.begin(1, 0);
  let text = '';
  socket.on('data', (bytes) => (text += bytes.toString()));
  // The first beat takes the count as it stands.
  const feed = (): void => {
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      const event = parseGpioEvent(line);
      if (event === undefined) throw new Error(`no edge: ${line}`);
      counter.accept({ ...event, at: event.timeMs });
    }
    counter.settle(Infinity);
  };
  await eventually(() => {
    pulses++;
    feed();
    return counter.count >= 5n;
  }, 20_000);
  expect(counter.lostEdges).toBe(0);
});
