import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { makeCertificateRequest } from '../../agent/identity/certificate-request.js';
import { openFleetClient } from '../../fleet/demonstration/fleet-client.js';
import { startService, type Service } from '../../fleet/service.js';
import { openDatabase } from '../../fleet/store/sqlite/database.js';
import {
  BATCH_READINGS,
  columnsOf,
  createRandom,
  sealGateway,
  type EnrolledGateway,
  type SealedGateway,
} from './ingest-gateways.js';
import { plainListener } from './plain-listener.js';

const GATEWAYS = 50;
const BASELINE_TRANSACTION = 10_000;

/**
 * The fleet as `serve` runs it but for TLS, in one process on this machine: `readings` (10 million by default) in
 * batches of 1,000 from 50 gateways. `ackedPerSecond` is the burst, until each batch is committed to the log and
 * acked; `projectedPerSecond` its drain, until latest, series, rollups and ledger hold all of it; both count from
 * the first batch sent. `baselinePerSecond` is the bare engine in the same run: the same rows into one table keyed
 * (point, time), 10,000 a transaction, durable.
 */
export const run = async (options: { readonly readings?: number }): Promise<Record<string, number>> => {
  const folder = mkdtempSync(join(tmpdir(), 'terroir-bench-'));
  const perGateway = Math.max(1, Math.round((options.readings ?? 10_000_000) / GATEWAYS / BATCH_READINGS));
  try {
    const fleet = await measureFleet(join(folder, 'fleet'), perGateway);
    const baselinePerSecond = measureBaseline(join(folder, 'baseline.db'), perGateway);
    return { ...fleet, baselinePerSecond, ratio: fleet.projectedPerSecond / baselinePerSecond };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const measureFleet = async (dataFolder: string, perGateway: number) => {
  const thumbprints = new Map<string, string>();
  const service = await startService({
    dataFolder,
    http: { host: '127.0.0.1', port: 0, tls: { type: 'none' } },
    mqtt: { host: '127.0.0.1', port: 0, publicHost: null },
    names: ['localhost'],
    version: 'bench',
    log: pino({ level: 'warn' }, pino.destination({ dest: 2, sync: true })),
    listener: plainListener((id) => thumbprints.get(id) ?? ''),
  });
  try {
    const enrolled = await enrolGateways(service);
    const random = createRandom(7);
    const gateways = enrolled.map((gateway, index) => sealGateway(index, gateway, perGateway, random));
    for (const { id, thumbprint } of gateways) thumbprints.set(id, thumbprint);
    return await measureBurst(service, gateways);
  } finally {
    await service.close();
  }
};

const measureBurst = async (service: Service, gateways: readonly SealedGateway[]) => {
  const batches = gateways.reduce((sum, gateway) => sum + gateway.batches.length, 0);
  const readings = batches * BATCH_READINGS;
  const sender = new Worker(new URL('ingest-sender.js', import.meta.url), {
    workerData: { port: service.mqttPort, gateways },
  });
  const told = (message: string): Promise<void> =>
    new Promise((resolve, reject) => {
      sender.on('message', (text: unknown) => {
        if (text === message) resolve();
      });
      sender.on('error', reject);
    });
  const acked = told('acked');
  await told('ready');
  const start = performance.now();
  sender.postMessage('go');
  await acked;
  const ackedS = (performance.now() - start) / 1000;
  while (service.positions().projected < batches + gateways.length) await delay(5);
  const projectedS = (performance.now() - start) / 1000;
  return { readings, ackedPerSecond: readings / ackedS, projectedPerSecond: readings / projectedS };
};

const enrolGateways = async (service: Service): Promise<EnrolledGateway[]> => {
  if (service.firstAdministrator === undefined) throw new Error('the bench starts a fleet of its own');
  const { login, password } = service.firstAdministrator;
  const url = `http://127.0.0.1:${service.httpPort}`;
  const client = await openFleetClient(url, login, password);
  const [organisation] = await client.organisations();
  if (organisation === undefined) throw new Error('the fleet has no organisation');
  return Promise.all(
    Array.from({ length: GATEWAYS }, async (_, index): Promise<EnrolledGateway> => {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      const csr = await makeCertificateRequest(privateKey, `gateway ${index}`);
      const token = await client.enrolmentToken(organisation.id);
      const response = await fetch(`${url}/api/v1/enrol`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token, csr, name: `gateway ${index}` }),
      });
      const answer = (await response.json()) as { gatewayId: string; certificate: string };
      return {
        id: answer.gatewayId,
        certificatePem: answer.certificate,
        privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      };
    }),
  );
};

/** The same rows, made and inserted batch by batch; making them is not counted. */
const measureBaseline = (path: string, perGateway: number): number => {
  const database = openDatabase(path);
  database.exec(
    'create table reading (point integer, time integer, value real, primary key (point, time)) without rowid',
  );
  const insert = database.prepare('insert into reading values (?, ?, ?)');
  const commit = database.transaction((rows: readonly Row[]) => {
    for (const row of rows) insert.run(row);
  });
  const random = createRandom(7);
  let pending: Row[] = [];
  let rows = 0;
  let spentMs = 0;
  const flush = (): void => {
    const start = performance.now();
    commit(pending);
    spentMs += performance.now() - start;
    rows += pending.length;
    pending = [];
  };
  for (let n = 0; n < perGateway; n += 1) {
    for (let gateway = 0; gateway < GATEWAYS; gateway += 1) {
      pending.push(...rowsOf(gateway, n, random));
      if (pending.length >= BASELINE_TRANSACTION) flush();
    }
  }
  flush();
  database.close();
  return rows / (spentMs / 1000);
};

type Row = readonly [point: number, time: number, value: number];

const rowsOf = (gateway: number, n: number, random: () => number): Row[] =>
  columnsOf(gateway, n, random).flatMap(({ point, readings }) =>
    readings.map(({ time, value }): Row => [gateway * 100 + point, time, Number(value)]),
  );
