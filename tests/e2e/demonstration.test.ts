import { createServer } from 'node:net';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSessionOf, type Credentials, type OpenedSession } from '../../fleet/api-session.js';
import { freePort } from '../../fleet/demonstration/ports.js';
import { eventually } from '../support/eventually.js';
import { runProgram, startProgram, type RunningProgram } from '../support/program.js';
import { faultsOf, latestOf, readingsOf, type Face } from '../support/series.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const INTERVAL_MS = 5000;
const POINTS = 158;

interface Demonstration extends Face {
  readonly folder: string;
  readonly program: RunningProgram;
}

/** Processes that name this folder on their command line. */
const processesOf = (folder: string): number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const commandLine = join('/proc', pid, 'cmdline');
      try {
        return readFileSync(commandLine, 'utf8').includes(folder);
      } catch {
        return false;
      }
    })
    .map(Number);

const processNamed = (folder: string, part: string): number => {
  const found = processesOf(folder).find((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').includes(part),
  );
  if (found === undefined) throw new Error(`no process "${part}"`);
  return found;
};

/** Starts the demonstration and logs in with what it prints. */
const startDemonstration = async (folder: string): Promise<Demonstration> => {
  const [httpPort, mqttPort] = [await freePort(), await freePort()];
  // whatever happens to the parent, nothing may stay behind
  onTestFinished(() => {
    for (const pid of processesOf(folder)) process.kill(pid, 'SIGKILL');
  });
  const program = startProgram(
    'fleet',
    'demo',
    '--data',
    folder,
    '--http-port',
    String(httpPort),
    '--mqtt-port',
    String(mqttPort),
    '--restart-after',
    '3',
  );
  await program.printed(/Ctrl-C stops everything/, 60_000);
  const [, url = ''] = /Console\s+(\S+)\//.exec(program.output()) ?? [];
  const [, login = ''] = /Login\s+(\S+)/.exec(program.output()) ?? [];
  const [, password = ''] = /Password\s+(\S+)/.exec(program.output()) ?? [];
  expect(url).toBe(`http://127.0.0.1:${httpPort}`);
  const answer = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ login, password }),
  });
  const { token } = (await answer.json()) as { token: string };
  const get = (path: string) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { folder, program, get };
};

const allPoints = async (demonstration: Demonstration) => {
  await eventually(async () => (await latestOf(demonstration)).length === POINTS, 60_000);
  return latestOf(demonstration);
};

/** Every point's newest value is younger than `time`. */
const allSince = (demonstration: Demonstration, time: number) => async (): Promise<boolean> => {
  try {
    const latest = await latestOf(demonstration);
    return latest.length === POINTS && latest.every((row) => Date.parse(row.time) > time);
  } catch {
    return false;
  }
};

/** A person who signed, as the file says that the commands take. */
const signatory = async ({ program, folder }: Demonstration, login: string) => {
  const [, url = ''] = /Console\s+(\S+)\//.exec(program.output()) ?? [];
  const credentials: unknown = JSON.parse(readFileSync(join(folder, 'people', `${login}.json`), 'utf8'));
  return openSessionOf(url, credentials as Credentials);
};

/** Keys of the points that others give a party, by who gives them. */
const givenBy = async ({ ask, organisationId: own }: OpenedSession, purpose: string) => {
  const page = (await ask('GET', `points?limit=1000&purpose=${purpose}`)) as { items: Given[] };
  const given = new Map<string, Given[]>();
  for (const point of page.items) {
    if (point.organisationId === own) continue;
    given.set(point.organisationId, [...(given.get(point.organisationId) ?? []), point]);
  }
  return given;
};

interface Given {
  readonly id: string;
  readonly key: string;
  readonly organisationId: string;
}

/** Two towns and a syndicate have signed; car parks go among all, water to the syndicate by day; one withdraws. */
const sharesAndTakesBack = async (demonstration: Demonstration): Promise<void> => {
  const [aubin, brenne, syndicate] = [
    await signatory(demonstration, 'saint-aubin'),
    await signatory(demonstration, 'brenne-sur-loire'),
    await signatory(demonstration, 'syndicat-des-eaux-du-val-de-brenne'),
  ];
  for (const [reader, givers] of [
    [aubin, [brenne]],
    [brenne, [aubin]],
    [syndicate, [aubin, brenne]],
  ] as const) {
    const given = await givenBy(reader, 'operations');
    expect(new Set(given.keys())).toEqual(new Set(givers.map(({ organisationId }) => organisationId)));
    for (const points of given.values()) {
      expect(new Set(points.map(({ key }) => key))).toEqual(new Set(['free', 'occupied', 'state']));
    }
  }
  expect(await givenBy(brenne, 'water-management')).toEqual(new Map());
  const [index] = (await givenBy(syndicate, 'water-management')).get(aubin.organisationId) ?? [];
  // the first whole day is yet to come: what may be read of it is said, and nothing finer
  const asked = { point: index?.id, purpose: 'water-management', resolution: '1d' };
  expect(await syndicate.ask('POST', 'decisions/explain', asked)).toMatchObject({
    given: [{ finest: '1d' }],
  });
  const period = `from=${new Date(Date.now() - 3_600_000).toISOString()}&purpose=water-management`;
  expect(await syndicate.ask('GET', `readings?point=${index?.id}&${period}`)).toMatchObject({ items: [] });

  const near = 'map?property=free_spaces&near=1.33,47.58&purpose=operations';
  const nearest = async () => {
    const { features } = (await brenne.ask('GET', near)) as {
      features: { properties: { locationName: string } }[];
    };
    return features.map(({ properties }) => properties.locationName);
  };
  await eventually(async () => (await nearest()).length === 2, 30_000);
  expect(await nearest()).toEqual(['Parking de la gare', 'Parking de la halle']);

  const [, parking] = /agreement withdraw (\S+)/.exec(demonstration.program.output()) ?? [];
  await aubin.ask('POST', `agreements/${parking}/withdraw`, { reason: 'essai' });
  expect(await givenBy(brenne, 'operations')).toEqual(new Map());
  expect(await nearest()).toEqual(['Parking de la halle']);
  expect([...(await givenBy(syndicate, 'operations')).keys()]).toEqual([brenne.organisationId]);
  await demonstration.program.printed(/Brenne-sur-Loire now reads 0 car-park points of Saint-Aubin/);
};

describe('the demonstration', { timeout: 240_000 }, () => {
  test('shows three municipalities, stops everything, and goes on with its data on other ports', async () => {
    const folder = join(temporaryFolder(), 'territory');
    const first = await startDemonstration(folder);
    expect(first.program.output()).toMatch(/What to look at\n/);
    const points = await allPoints(first);
    const { items } = (await (await first.get('/api/v1/organisations')).json()) as {
      items: { name: string; type: string }[];
    };
    expect(new Set(items.map(({ name }) => name))).toEqual(
      new Set([
        'Communauté de communes du Val de Brenne',
        'Syndicat des eaux du Val de Brenne',
        'Saint-Aubin',
        'Brenne-sur-Loire',
        'Vauvert',
      ]),
    );
    expect(new Set(points.map(({ organisationId }) => organisationId)).size).toBe(3);
    const sites = (await (await first.get('/api/v1/sites')).json()) as { items: unknown[] };
    expect(sites.items).toHaveLength(3);
    const power = points.find(({ key }) => key === 'active_power')?.id ?? '';
    await eventually(async () => (await readingsOf(first, power)).length >= 2, 30_000);
    await sharesAndTakesBack(first);
    expect(await first.program.end('SIGINT')).toBe(0);
    expect(processesOf(folder)).toEqual([]);

    const restarted = Date.now();
    const second = await startDemonstration(folder);
    await eventually(allSince(second, restarted), 60_000);
    const again = await latestOf(second);
    expect(again.map(({ id }) => id)).toEqual(points.map(({ id }) => id));
    const readings = await readingsOf(second, power);
    expect(readings.filter(({ time }) => Date.parse(time) < restarted).length).toBeGreaterThanOrEqual(2);
    expect(new Set(readings.map(({ ordinal, epoch }) => `${epoch}/${ordinal}`)).size).toBe(readings.length);
    // what was taken back stays so
    const brenne = await signatory(second, 'brenne-sur-loire');
    expect(await givenBy(brenne, 'operations')).toEqual(new Map());
    expect(await second.program.end('SIGTERM')).toBe(0);
    expect(processesOf(folder)).toEqual([]);
  });

  test('brings back a fleet and an agent that were killed; no hole and no double is left', async () => {
    const folder = join(temporaryFolder(), 'territory');
    const demonstration = await startDemonstration(folder);
    const points = await allPoints(demonstration);
    const [fleetPid] = /(?<=kill -9 )\d+/.exec(demonstration.program.output()) ?? [];
    expect(Number(fleetPid)).toBe(processNamed(folder, 'main.js serve'));
    process.kill(Number(fleetPid), 'SIGKILL');
    await demonstration.program.printed(/fleet ended \(SIGKILL\); it starts again in 3 s/);
    await demonstration.program.printed(/fleet starts again, process \d+/);
    await eventually(allSince(demonstration, Date.now()), 90_000);
    for (const key of ['active_power', 'flow', 'air_temperature', 'laeq', 'free']) {
      const found = points.filter((point) => point.key === key);
      expect([key, found.length]).toEqual([key, 3]);
      for (const { id } of found) {
        await eventually(
          async () => faultsOf(await readingsOf(demonstration, id), INTERVAL_MS).length === 0,
          30_000,
        );
      }
    }

    process.kill(processNamed(folder, 'main.js run --config'), 'SIGKILL');
    await demonstration.program.printed(/agent-[a-z-]+ ended \(SIGKILL\)/);
    await demonstration.program.printed(/agent-[a-z-]+ starts again/);
    await eventually(allSince(demonstration, Date.now()), 90_000);
    expect(await demonstration.program.end('SIGINT')).toBe(0);
    expect(processesOf(folder)).toEqual([]);
  });

  test('can be stopped while it starts', async () => {
    const folder = join(temporaryFolder(), 'territory');
    const program = startProgram('fleet', 'demo', '--data', folder, '--http-port', '0', '--mqtt-port', '0');
    await eventually(() => existsSync(join(folder, 'fleet', 'registry.db')), 30_000);
    expect(await program.end('SIGINT')).toBe(0);
    expect(processesOf(folder)).toEqual([]);
    expect(program.output()).toBe('');
  });

  test('says in one sentence that a port or its folder is taken', async () => {
    const folder = join(temporaryFolder(), 'territory');
    const listener = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void listener.close());
    await once(listener, 'listening');
    const address = listener.address();
    const taken = String(typeof address === 'object' ? address?.port : '');
    const [free, other] = [String(await freePort()), String(await freePort())];
    for (const [http = '', mqtt = '', option = ''] of [
      [taken, free, '--http-port'],
      [free, taken, '--mqtt-port'],
    ]) {
      const ports = ['--http-port', http, '--mqtt-port', mqtt];
      expect(await runProgram('fleet', 'demo', '--data', folder, ...ports)).toMatchObject({
        code: 1,
        output: `terroir-fleet: Port ${taken} is in use: choose another with ${option}.\n`,
      });
    }
    const { program } = await startDemonstration(folder);
    const second = await runProgram(
      'fleet',
      'demo',
      '--data',
      folder,
      '--http-port',
      free,
      '--mqtt-port',
      other,
    );
    expect(second.code).toBe(1);
    expect(second.output).toMatch(
      /^terroir-fleet: A demonstration already runs on \S+ \(process \d+\): .*\n$/,
    );
    await program.end('SIGINT');
  });
});
