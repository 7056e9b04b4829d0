import { stringify } from 'yaml';
import { isSpeaking, type Line, type Municipality } from './territory.js';

/** What an M-Bus meter bears; the others are read more often. */
const INTERVALS: Readonly<Partial<Record<Line, string>>> = { mbus: '10s' };

const busOf = (line: Line, port: number): Readonly<Record<string, string>> => {
  const endpoint = `127.0.0.1:${port}`;
  if (line === 'tcp') return { tcp: endpoint };
  return line === 'rtu' ? { 'rtu-over-tcp': endpoint } : { tcp: endpoint, protocol: line };
};

/** The configuration file of a municipality's agent, as an integrator would write it. */
export const agentConfiguration = (
  municipality: Municipality,
  dataFolder: string,
  ports: Readonly<Record<Line, number>>,
): string =>
  stringify({
    gateway: { name: `${municipality.name} – armoire` },
    data: dataFolder,
    buses: Object.fromEntries(
      [...new Set(municipality.devices.map(({ line }) => line))].map((line) => [
        line,
        busOf(line, ports[line]),
      ]),
    ),
    devices: Object.fromEntries(
      municipality.devices.map(({ key, name, profile, line, unit, location, locationName }) => [
        key,
        {
          name,
          bus: line,
          ...(isSpeaking(line) ? {} : { address: unit }),
          profile,
          installation: { serial: `DEMO-${unit}`, location, locationName },
          interval: INTERVALS[line] ?? '5s',
        },
      ]),
    ),
    // quick for people who watch; the defaults suit a field gateway's data plan
    uplink: { seal: '2s', health: '20s' },
    buffer: { commit: '1s' },
  });
