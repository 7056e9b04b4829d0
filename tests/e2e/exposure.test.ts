import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../support/eventually.js';
import { startFleet, type FleetUnderTest } from '../support/fleet-under-test.js';
import { startWeatherStation, writeConfiguration } from '../support/gateway-under-test.js';
import { runProgram, startProgram } from '../support/program.js';
import { openPorts } from '../support/sockets.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const WAIT_MS = 60_000;
const WRONG_PASSWORD = 'Correct-horse-battery-staple-7';

/** Every file under a folder, sockets too. */
const filesIn = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file));

const contentOf = (file: string): string => (statSync(file).isFile() ? readFileSync(file, 'latin1') : '');

/** The lines of a key that say something of it. */
const bodyOfPem = (file: string): readonly string[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.length > 20 && !line.startsWith('-----'));

type Named = Readonly<Record<string, string>>;

/** Which secret is in which text, by name. */
const leaks = (secrets: Named, texts: Named): readonly string[] =>
  Object.entries(secrets).flatMap(([name, secret]) => {
    if (secret.length < 8) throw new Error(`${name} is too short to be looked for`);
    return Object.entries(texts).flatMap(([where, text]) =>
      text.includes(secret) ? `${name} in ${where}` : [],
    );
  });

/** What a fleet answers to people that it does not believe, and to gateways. */
const refusals = async (fleet: FleetUnderTest, token: string, session: string): Promise<string> => {
  const post = async (path: string, body: object): Promise<Response> =>
    fetch(`${fleet.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const answers = [
    await post('/api/v1/login', { login: fleet.administrator.login, password: WRONG_PASSWORD }),
    await post('/api/v1/login', { login: WRONG_PASSWORD, password: fleet.administrator.password, more: 1 }),
    await post('/api/v1/enrol', { token, csr: 'no request' }),
    await post('/api/v1/enrol', { token: `${token}x`, csr: 'no request', name: token }),
    await fetch(`${fleet.url}/api/v1/nowhere?session=${session}`, {
      headers: { authorization: `Bearer ${session}x` },
    }),
    await fetch(`${fleet.url}/api/v1/points?cursor=${session}`, {
      headers: { authorization: `Bearer ${session}` },
    }),
  ];
  for (const { status } of answers) expect(status).toBeGreaterThanOrEqual(400);
  return (await Promise.all(answers.map((answer) => answer.text()))).join('\n');
};

const sessionOf = async ({ url, administrator }: FleetUnderTest): Promise<string> => {
  const answer = await fetch(`${url}/api/v1/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(administrator),
  });
  const { token } = (await answer.json()) as { token: string };
  return token;
};

test(
  'no secret is in what the programs print, answer or measure of themselves; all files are their owner’s alone; the agent listens on no port',
  async () => {
    const folder = temporaryFolder();
    const fleet = await startFleet(folder, '--log-level', 'debug');
    const config = writeConfiguration(join(folder, 'gateway'), 'exposed', await startWeatherStation());
    const [token, unused, session] = [await fleet.token(), await fleet.token(), await sessionOf(fleet)];

    const enrol = (claim: string) =>
      runProgram('agent', 'enrol', '--config', config, '--fleet', fleet.url, '--token', claim);
    const enrolled = await enrol(token);
    expect(enrolled.code).toBe(0);
    const again = await enrol(unused);
    expect(again.code).toBe(1);
    const agent = startProgram('agent', 'run', '--config', config);
    await agent.printed(/"event":"uplink-(live|connected|up)"|"event":"started"/, WAIT_MS);
    await eventually(async () => {
      const { items } = (await (await fleet.get('/api/v1/latest')).json()) as { items: readonly unknown[] };
      return items.length > 0;
    }, WAIT_MS);

    expect(openPorts(agent.process.pid ?? 0)).toEqual([]);
    expect(openPorts(fleet.program.process.pid ?? 0)).toHaveLength(2);

    const status = await runProgram('agent', 'status', '--config', config, '--json');
    const refused = await refusals(fleet, unused, session);
    const metrics = await (await fetch(`${fleet.url}/metrics`)).text();
    expect(metrics).toContain('# TYPE');
    const health = await (await fleet.get('/api/v1/health')).text();
    const gateways = await (await fleet.get('/api/v1/gateways')).text();

    const agentData = join(folder, 'gateway/exposed');
    const fleetData = fleet.dataFolder;
    for (const file of [agentData, fleetData, ...filesIn(agentData), ...filesIn(fleetData)])
      expect([file, statSync(file).mode & 0o077]).toEqual([file, 0]);

    await agent.end('SIGTERM');
    await fleet.program.end('SIGTERM');

    const keyFiles = [...filesIn(agentData), ...filesIn(fleetData)].filter((file) =>
      contentOf(file).includes('PRIVATE KEY-----'),
    );
    expect(keyFiles).toContain(join(agentData, 'key.pem'));
    const secrets = {
      password: fleet.administrator.password,
      wrongPassword: WRONG_PASSWORD,
      token,
      unused,
      session,
    };
    const said = {
      enrolled: enrolled.output,
      again: again.output,
      agent: agent.output(),
      fleet: fleet.program.output(),
      status: status.output,
      refused,
      metrics,
      health,
      gateways,
    };
    const keys = Object.fromEntries(
      keyFiles.flatMap((file) => bodyOfPem(file).map((line, index) => [`${file}:${index}`, line])),
    );
    expect(leaks({ ...secrets, ...keys }, said)).toEqual([]);
    // At rest a claim is known by its hash, a password by argon2id, a session by its hash.
    const files = [...filesIn(agentData), ...filesIn(fleetData)];
    expect(leaks(secrets, Object.fromEntries(files.map((file) => [file, contentOf(file)])))).toEqual([]);
  },
  3 * WAIT_MS,
);
