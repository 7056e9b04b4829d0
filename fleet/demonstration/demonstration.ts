import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { agentConfiguration } from './agent-configuration.js';
import { runChild } from './child.js';
import { slugOf } from '../slug.js';
import { placeLocations } from './place-locations.js';
import { shareData } from './sharing.js';
import { openFleetClient, waitForHealth, type FleetClient } from './fleet-client.js';
import { Household } from './household.js';
import { moveBroker, readAdministrator, readMemory, stillRuns, writeMemory, type Memory } from './memory.js';
import { freePort, portIsFree } from './ports.js';
import {
  isSpeaking,
  LINES,
  parseTerritory,
  type Line,
  type Municipality,
  type Territory,
} from './territory.js';
import { watchSharing } from './watch-sharing.js';
import { welcome } from './welcome.js';

const START_MS = 30_000;

export interface DemonstrationSettings {
  readonly dataFolder: string;
  readonly httpPort: number;
  readonly mqttPort: number;
  /** The compiled programs. */
  readonly fleetProgram: string;
  readonly agentProgram: string;
  readonly territoryFile: string;
  /** A fleet or agent that was killed from outside comes back after this long. */
  readonly restartMs: number;
  /** Stops everything. */
  readonly signal: AbortSignal;
  readonly print: (text: string) => void;
}

/**
 * Runs a territory of real processes until the signal aborts: the fleet, one agent a municipality, simulated devices
 * behind real sockets. Makes it at first, goes on with its data afterwards. Rejects with one sentence where it cannot.
 */
export const runDemonstration = async (asked: DemonstrationSettings): Promise<void> => {
  const { signal, dataFolder } = asked;
  const memoryFile = join(dataFolder, 'demonstration.json');
  refuseSecond(memoryFile, dataFolder);
  const settings = {
    ...asked,
    httpPort: await ownPort(asked.httpPort, '--http-port'),
    mqttPort: await ownPort(asked.mqttPort, '--mqtt-port'),
  };
  mkdirSync(join(dataFolder, 'logs'), { recursive: true, mode: 0o700 });
  const household = new Household(settings);
  try {
    await startTerritory(settings, household, await rememberPorts(memoryFile));
    if (!signal.aborted) await once(signal, 'abort');
  } catch (error) {
    // what is interrupted fails, and that was asked for
    if (!signal.aborted) throw error;
  } finally {
    await household.stop();
  }
};

/** Two fleets on the same databases would take them from each other. */
const refuseSecond = (memoryFile: string, dataFolder: string): void => {
  const running = readMemory(memoryFile)?.process;
  if (running === undefined || !stillRuns(running)) return;
  throw new Error(
    `A demonstration already runs on ${dataFolder} (process ${running}): stop it, or choose another folder with --data.`,
  );
};

/** The port, or with 0 one that is free. */
const ownPort = async (port: number, option: string): Promise<number> => {
  if (port === 0) return freePort();
  if (await portIsFree(port, '127.0.0.1')) return port;
  throw new Error(`Port ${port} is in use: choose another with ${option}.`);
};

const startTerritory = async (
  settings: DemonstrationSettings,
  household: Household,
  memory: Memory,
): Promise<void> => {
  const territory = parseTerritory(readFileSync(settings.territoryFile, 'utf8'));
  for (const line of LINES) {
    household.keep(`simulator-${line}`, simulatorArguments(settings, territory, line, memory));
  }
  await startFleet(settings, household, territory);
  const { login, password } = readAdministrator(administratorFile(settings));
  const client = await openFleetClient(urlOf(settings), login, password);
  await Promise.all(
    territory.municipalities.map((municipality) =>
      startAgent(settings, household, client, municipality, memory),
    ),
  );
  const shared = await shareData({
    url: urlOf(settings),
    administrator: client.ask,
    folder: join(settings.dataFolder, 'people'),
    territory,
  });
  const { signal, print } = settings;
  if (signal.aborted) return;
  print(welcome(settings, { login, password }, household.processOf('fleet'), shared));
  void placeLocations(client.ask, territory, signal);
  void watchSharing({ url: urlOf(settings), shared, signal, print });
};

const urlOf = ({ httpPort }: DemonstrationSettings): string => `http://127.0.0.1:${httpPort}`;

const administratorFile = ({ dataFolder }: DemonstrationSettings): string =>
  join(dataFolder, 'first-administrator.json');

/** The lines keep their ports from one start to the next, unless somebody took them. */
const rememberPorts = async (path: string): Promise<Memory> => {
  const known = readMemory(path);
  const memory: Memory = {
    process: process.pid,
    ports: {
      tcp: await stillFree(known?.ports.tcp),
      rtu: await stillFree(known?.ports.rtu),
      mbus: await stillFree(known?.ports.mbus),
      tic: await stillFree(known?.ports.tic),
      nmea: await stillFree(known?.ports.nmea),
    },
  };
  writeMemory(path, memory);
  return memory;
};

const stillFree = async (port: number | undefined): Promise<number> =>
  port !== undefined && (await portIsFree(port, '127.0.0.1')) ? port : freePort();

const startFleet = async (
  settings: DemonstrationSettings,
  household: Household,
  { intercommunality }: Territory,
): Promise<void> => {
  const { dataFolder, httpPort, mqttPort, fleetProgram } = settings;
  const fleet = household.keep('fleet', [
    fleetProgram,
    'serve',
    '--data',
    join(dataFolder, 'fleet'),
    '--http-port',
    String(httpPort),
    '--mqtt-host',
    '127.0.0.1',
    '--mqtt-port',
    String(mqttPort),
    '--organisation',
    intercommunality,
    '--first-administrator-file',
    administratorFile(settings),
  ]);
  const died = fleet.ended.then((how) => {
    throw new Error(`The fleet did not start (${how}); see ${join(dataFolder, 'logs', 'fleet.log')}.`);
  });
  died.catch(() => undefined);
  // Not AbortSignal.timeout: under AbortSignal.any, Node 20 collects it as garbage, and it never fires.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new Error('the fleet took too long')), START_MS);
  const signal = AbortSignal.any([settings.signal, late.signal]);
  const started = async (): Promise<void> => {
    await waitForHealth(urlOf(settings), delay, signal);
    // the first start tells the login last of all
    while (!existsSync(administratorFile(settings))) await delay(50, undefined, { signal });
  };
  await Promise.race([started(), died]).finally(() => clearTimeout(timer));
};

const simulatorArguments = (
  { agentProgram }: DemonstrationSettings,
  territory: Territory,
  line: Line,
  { ports }: Memory,
): string[] => [
  agentProgram,
  'simulate',
  ...territory.municipalities
    .flatMap(({ devices }) => devices)
    .filter((device) => device.line === line)
    .map(({ profile, unit }) => `${profile}@${isSpeaking(line) ? '' : unit}`),
  '--tcp',
  `127.0.0.1:${ports[line]}`,
  ...(line === 'tcp' || line === 'rtu' ? ['--framing', line] : []),
];

const startAgent = async (
  settings: DemonstrationSettings,
  household: Household,
  client: FleetClient,
  municipality: Municipality,
  { ports }: Memory,
): Promise<void> => {
  const { dataFolder, agentProgram } = settings;
  const slug = slugOf(municipality.name);
  const folder = join(dataFolder, slug);
  const configFile = join(folder, 'agent.yaml');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(configFile, agentConfiguration(municipality, join(folder, 'data'), ports));
  const identityFile = join(folder, 'data', 'identity.json');
  if (existsSync(identityFile)) moveBroker(identityFile, settings.mqttPort);
  else {
    const holder = await organisationId(client, municipality);
    const token = await client.enrolmentToken(holder);
    const enrol = ['enrol', '--config', configFile, '--fleet', urlOf(settings), '--token', token];
    await runChild(`enrolment of ${municipality.name}`, [agentProgram, ...enrol], {
      signal: settings.signal,
      timeoutMs: START_MS,
    });
    const { name } = municipality;
    await client.addSite({ organisationId: holder, name: `Mairie de ${name}`, address: { city: name } });
  }
  household.keep(`agent-${slug}`, [agentProgram, 'run', '--config', configFile]);
};

const organisationId = async (client: FleetClient, { name, code }: Municipality): Promise<string> => {
  const organisations = await client.organisations();
  const known = organisations.find((organisation) => organisation.name === name);
  if (known !== undefined) return known.id;
  const top = organisations.find(({ parentId }) => parentId === null);
  if (top === undefined) throw new Error('the fleet has no top organisation');
  return (await client.addOrganisation({ parentId: top.id, name, type: 'municipality', code })).id;
};
