import { onTestFinished } from 'vitest';
import type { BusSettings, UnitSettings } from '../../../drivers/driver.js';
import type { Sample } from '../../../drivers/sample.js';
import { createMbus } from '../../../drivers/mbus/mbus.js';
import { parseProfile } from '../../../drivers/profile-file.js';
import type { Profile } from '../../../drivers/profile.js';
import type { SimulatorFaults } from '../../../drivers/simulator/faults.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import type { AskingBus } from '../../../drivers/telegram/asking-bus.js';
import { always, busDeps } from '../../support/modbus.js';

const POINTS = `
  energy: { field: energy, unit: kW.h, property: thermal_energy, kind: counter }
  volume: { field: volume, unit: m3, property: water_volume, kind: counter }
  power: { field: power, unit: kW, scale: 0.001, property: thermal_power, kind: gauge }
  flow: { field: flow temperature, unit: Cel, property: flow_temperature, kind: gauge }
  energy_due: { field: energy storage 1, unit: kW.h, property: thermal_energy, kind: counter }
  energy_tariff: { field: energy tariff 2 subunit 1, unit: kW.h, property: thermal_energy, kind: counter }
  humidity: { field: unit %RH max, unit: '%', property: relative_humidity, kind: gauge }
  number: { field: fabrication number, property: serial_number }
`;

/** A heat meter with a field of every sort. */
export const heatMeter = (manufacturer = 'TER'): Profile =>
  parseProfile(
    `maker: Test
model: Heat
protocol: mbus
source: { document: none, synthetic: true }
mbus: { manufacturers: [${manufacturer}], media: [4] }
points:${POINTS}`,
    'heat.yaml',
    'test/heat',
  );

/** A device with more fields than one telegram holds. */
export const chatty = (fields: number): Profile =>
  parseProfile(
    `maker: Test
model: Chatty
protocol: mbus
source: { document: none, synthetic: true }
points:
${Array.from(
  { length: fields },
  (_, index) =>
    `  p${index}: { field: volume storage ${index + 1}, unit: m3, property: water_volume, kind: counter }`,
).join('\n')}`,
    'chatty.yaml',
    'test/chatty',
  );

export const unitOf = (profile: Profile, address: string): UnitSettings => ({
  address,
  maxRegisters: 1,
  section: profile.section,
});

/** Starts devices at these addresses; gives their port. */
export const simulate = async (
  devices: Readonly<Record<string, Profile>>,
  faults: Partial<SimulatorFaults> = {},
): Promise<number> => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'mbus',
    units: Object.entries(devices).map(([address, profile], index) => ({
      address,
      profile,
      seed: index + 1,
    })),
    now: () => Date.UTC(2026, 10, 21, 12),
    faults,
  });
  onTestFinished(() => simulator.close());
  return simulator.port;
};

/** Waits seconds where an answer is expected; `parts` says less where none is. */
export const openBus = (port: number, parts: Partial<BusSettings> = {}): AskingBus => {
  const endpoint = { type: 'tcp', host: '127.0.0.1', port } as const;
  const settings = { key: 'mbus', endpoint, framing: 'mbus', timeoutMs: 5000, latenessMs: 100, pauseMs: 0 };
  const bus = createMbus().openBus({ ...settings, ...parts }, busDeps);
  onTestFinished(() => bus.close());
  return bus;
};

export const read = (bus: AskingBus, profile: Profile, address: string): Promise<readonly Sample[]> =>
  bus.read({ unit: unitOf(profile, address), points: profile.points }, always());

export const valueOf = (samples: readonly Sample[], key: string): Sample['value'] =>
  samples.find(({ point }) => point === key)?.value ?? null;
