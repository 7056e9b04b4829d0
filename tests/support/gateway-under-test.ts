import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { loadProfile } from '../../drivers/profile-file.js';
import { startSimulator } from '../../drivers/simulator/start-simulator.js';
import { packagedProfiles } from '../../agent/twin/packaged.js';

/** Serves a weather station over Modbus TCP; gives its port. */
export const startWeatherStation = async (): Promise<number> => {
  const profile = loadProfile([packagedProfiles], 'terroir/weather-station');
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'tcp',
    units: [{ address: '1', profile, seed: 1 }],
    now: Date.now,
  });
  onTestFinished(() => simulator.close());
  return simulator.port;
};

/** Writes a configuration that reads that station every second; gives its path. */
export const writeConfiguration = (folder: string, name: string, port: number): string => {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    `gateway: { name: ${name} }
data: ${join(folder, name)}
buses:
  roof: { tcp: "127.0.0.1:${port}" }
devices:
  station:
    bus: roof
    address: 1
    profile: terroir/weather-station
    installation: { serial: "${name}", location: roof, locationName: Toit }
    interval: 1s
    windows: [1m]
uplink: { seal: 1s, health: 5s, retry: 1s }
buffer: { commit: 500ms }
`,
  );
  return path;
};
