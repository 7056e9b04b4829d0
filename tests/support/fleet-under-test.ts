import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../fleet/demonstration/ports.js';
import { PROGRAMS, startFile, type RunningProgram } from './program.js';

/** On a machine that is busy with other tests, a start may take this long. */
const START_TIMEOUT_MS = 120_000;

/** A running fleet and its administrator's session. */
export interface FleetUnderTest {
  readonly url: string;
  readonly dataFolder: string;
  readonly administrator: { readonly login: string; readonly password: string };
  program: RunningProgram;
  /** Starts it again on the same data and ports. */
  restart(): Promise<void>;
  get(path: string): Promise<Response>;
  post(path: string, body: object): Promise<Response>;
  /** A new claim token for a gateway of the top organisation. */
  token(): Promise<string>;
}

export interface Listing<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** Starts `terroir-fleet serve` on free ports, with more options where given, and logs in. */
export const startFleet = (folder: string, ...options: readonly string[]): Promise<FleetUnderTest> =>
  startFleetOf(PROGRAMS.fleet, folder, ...options);

/** The same, of another build of the program. */
export const startFleetOf = async (
  file: string,
  folder: string,
  ...options: readonly string[]
): Promise<FleetUnderTest> => {
  const dataFolder = join(folder, 'fleet');
  const administratorFile = join(folder, 'administrator.json');
  const [httpPort, mqttPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${httpPort}`;
  const start = async (): Promise<RunningProgram> => {
    const program = startFile(
      file,
      {},
      'serve',
      '--data',
      dataFolder,
      '--http-port',
      String(httpPort),
      '--mqtt-host',
      '127.0.0.1',
      '--mqtt-port',
      String(mqttPort),
      '--first-administrator-file',
      administratorFile,
      ...options,
    );
    await program.printed(/Console http/, START_TIMEOUT_MS);
    return program;
  };
  const program = await start();
  const credentials = readFileSync(administratorFile, 'utf8');
  const ask = (method: string, path: string, token?: string, body?: string): Promise<Response> =>
    fetch(`${url}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body }),
    });
  const session = (await (await ask('POST', '/api/v1/login', undefined, credentials)).json()) as {
    token: string;
    organisationId: string;
  };
  const fleet: FleetUnderTest = {
    url,
    dataFolder,
    administrator: JSON.parse(credentials) as FleetUnderTest['administrator'],
    program,
    restart: async () => {
      fleet.program = await start();
    },
    get: (path) => ask('GET', path, session.token),
    post: (path, body) => ask('POST', path, session.token, JSON.stringify(body)),
    token: async () => {
      const response = await fleet.post('/api/v1/enrolment-tokens', {
        organisationId: session.organisationId,
      });
      return ((await response.json()) as { token: string }).token;
    },
  };
  return fleet;
};
