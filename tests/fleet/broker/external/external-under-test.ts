import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { Broker, Upstream } from '../../../../fleet/broker/broker.js';
import { createExternalBroker } from '../../../../fleet/broker/external/external-broker.js';
import { DEFAULT_LIMITS } from '../../../../fleet/broker/limits.js';
import { freePort } from '../../../../fleet/demonstration/ports.js';
import { openAuthority, type Authority } from '../../../../fleet/registry/authority/authority.js';
import { openAuthorityCare } from '../../../../fleet/registry/authority/authority-care.js';
import { eventually } from '../../../support/eventually.js';
import { startMosquitto, type Mosquitto } from '../../../support/mosquitto.js';
import { runProgram } from '../../../support/program.js';
import { makeRequest } from '../../registry/certificate-requests.js';
import type { Credentials } from '../broker-under-test.js';

export const PATIENCE_MS = 30_000;

export interface ExternalUnderTest {
  readonly broker: Broker;
  readonly authority: Authority;
  readonly received: Upstream[];
  /** `opened` and `closed` with the gateway's id, and every refusal's code. */
  readonly told: string[];
  /** Gateways that the registry would admit. */
  readonly admitted: Set<string>;
  mosquitto: Mosquitto;
  /** Its list of revoked certificates. */
  readonly crl: string;
  /** Makes a new issuing certificate, as `ca rotate` does. */
  rotate(): Promise<unknown>;
  restartMosquitto(): Promise<void>;
  /** Makes a gateway known, as enrolment does. */
  enrol(gatewayId: string): Promise<Credentials>;
  issue(gatewayId: string): Promise<Credentials>;
  connect(credentials: Credentials, options?: IClientOptions): Promise<MqttClient>;
  connected(): boolean;
  close(): Promise<void>;
}

/** mosquitto with exactly the files that `terroir-fleet broker-config` writes, and the fleet's side of it. */
export const startExternal = async (): Promise<ExternalUnderTest> => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-external-'));
  const port = await freePort();
  const [data, files] = [join(folder, 'data'), join(folder, 'broker')];
  const configure = async (): Promise<void> => {
    const place = ['--data', data, '--out', files, '--host', '127.0.0.1', '--port', String(port)];
    const written = await runProgram('fleet', 'broker-config', 'mosquitto', ...place);
    if (written.code !== 0) throw new Error(written.output);
  };
  await configure();
  const read = (name: string): string => readFileSync(join(files, name), 'utf8');
  const credentials = { keyPem: read('terroir-fleet-1.key'), certificatePem: read('terroir-fleet-1.pem') };
  const authority = await openAuthority(join(data, 'authority'), { now: Date.now });
  const [received, told, admitted] = [[] as Upstream[], [] as string[], new Set<string>()];
  let sessions = 0;
  const mosquitto = await startMosquitto(files, port);
  const broker = createExternalBroker({
    address: { host: '127.0.0.1', port, serverName: 'broker.terroir.internal', clientId: 'terroir-fleet-1' },
    credentials: async () => ({ ...credentials, ca: [authority.rootPem] }),
    events: {
      admit: () => ({ admitted: true }),
      hears: (id) => (admitted.has(id) ? { admitted: true } : { admitted: false, why: 'revoked' }),
      heard: () => [...admitted],
      received: async (message) => void received.push(message),
      opened: (id) => void told.push(`opened ${id}`),
      closed: (id) => void told.push(`closed ${id}`),
      refused: ({ code }) => void told.push(code),
    },
    limits: DEFAULT_LIMITS,
    log: {
      info: () => {
        sessions += 1;
      },
      warn: () => {
        sessions = Math.max(0, sessions - 1);
      },
      error: (detail) => void told.push(JSON.stringify(detail)),
    },
    now: Date.now,
    random: () => 0.1,
  });
  const clients = new Set<MqttClient>();
  const issue = async (gatewayId: string): Promise<Credentials> => {
    const { csrPem, keyPem } = await makeRequest();
    const { pem, thumbprint } = await authority.issueGateway({ csrPem, gatewayId });
    return { gatewayId, key: keyPem, cert: pem + authority.issuerPem, thumbprint };
  };
  const under: ExternalUnderTest = {
    broker,
    authority,
    received,
    told,
    admitted,
    mosquitto,
    restartMosquitto: async () => {
      await under.mosquitto.stop();
      under.mosquitto = await startMosquitto(files, port);
    },
    crl: join(files, 'crl.pem'),
    rotate: async () => (await openAuthorityCare(join(data, 'authority'), { now: Date.now })).rotate(),
    issue,
    enrol: async (gatewayId) => {
      admitted.add(gatewayId);
      const issued = await issue(gatewayId);
      await broker.expect(gatewayId);
      return issued;
    },
    connect: async ({ gatewayId, key, cert }, options = {}) => {
      const client = await connectAsync(`mqtts://127.0.0.1:${port}`, {
        clientId: gatewayId,
        protocolVersion: 4,
        clean: true,
        reconnectPeriod: 0,
        key,
        cert,
        ca: authority.rootPem,
        servername: 'broker.terroir.internal',
        ...options,
      });
      client.on('error', () => undefined);
      clients.add(client);
      return client;
    },
    connected: () => sessions > 0,
    close: async () => {
      for (const client of clients) client.end(true);
      await broker.close();
      await under.mosquitto.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await eventually(() => under.connected(), PATIENCE_MS);
  return under;
};
