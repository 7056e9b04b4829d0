import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { X509Crl } from '@peculiar/x509';
import { onTestFinished, describe, expect, test } from 'vitest';
import { freePort } from '../../fleet/demonstration/ports.js';
import { eventually } from '../support/eventually.js';
import { startFleet } from '../support/fleet-under-test.js';
import { startWeatherStation, writeConfiguration } from '../support/gateway-under-test.js';
import { startMosquitto } from '../support/mosquitto.js';
import { runProgram, startProgram } from '../support/program.js';
import { programAvailable } from '../support/programs.js';
import { latestOf } from '../support/series.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const PATIENCE_MS = 120_000;

describe.skipIf(!programAvailable('mosquitto'))('through an external broker', { timeout: 400_000 }, () => {
  test('a gateway’s buffer arrives and is acked, and a fleet that was away goes on', async () => {
    const folder = temporaryFolder();
    const port = await freePort();
    const files = join(folder, 'broker');
    const place = ['--out', files, '--host', '127.0.0.1', '--port', String(port)];
    const written = await runProgram(
      'fleet',
      'broker-config',
      'mosquitto',
      '--data',
      join(folder, 'fleet'),
      ...place,
    );
    expect(written.output).toMatch(/mosquitto\.conf/);
    const mosquitto = await startMosquitto(files, port);
    onTestFinished(() => mosquitto.stop());
    const crl = join(files, 'crl.pem');
    const fleet = await startFleet(folder, '--broker', `mqtts://127.0.0.1:${port}`, '--broker-crl', crl);
    const configuration = writeConfiguration(folder, 'roof', await startWeatherStation());
    const claim = ['--fleet', fleet.url, '--token', await fleet.token()];
    expect((await runProgram('agent', 'enrol', '--config', configuration, ...claim)).code).toBe(0);
    startProgram('agent', 'run', '--config', configuration);

    const gateway = async () => {
      const { items } = (await (await fleet.get('/api/v1/gateways')).json()) as {
        items: { id: string; state: string; holes: number }[];
      };
      return items[0];
    };
    const stored = async (): Promise<number> => {
      const answer = await fleet.get(`/api/v1/gateways/${(await gateway())?.id}/ledger`);
      const { epochs = [] } = (await answer.json()) as { epochs?: { stored: number }[] };
      return epochs[0]?.stored ?? 0;
    };
    /** Acked: only then may the gateway forget. */
    const unacked = async (): Promise<number> => {
      const { stdout } = await runProgram('agent', 'status', '--config', configuration, '--json');
      const { buffer } = JSON.parse(stdout) as { buffer: { unackedBatches: number } };
      return buffer.unackedBatches;
    };
    await eventually(async () => (await latestOf(fleet)).length > 0 && (await stored()) >= 2, PATIENCE_MS);
    expect(await gateway()).toMatchObject({ state: 'connected', holes: 0 });
    await eventually(async () => (await unacked()) <= 1, PATIENCE_MS);

    const before = await stored();
    await fleet.program.end('SIGKILL');
    await fleet.restart();
    await eventually(async () => (await stored()) > before + 1, PATIENCE_MS);
    expect((await gateway())?.state).toBe('connected');

    const revoked = (): number => {
      const pem = readFileSync(crl, 'utf8').replaceAll('X509 CRL', 'CRL');
      return new X509Crl(pem).entries.length;
    };
    expect(revoked()).toBe(0);
    const order = ['--data', join(folder, 'fleet'), '--reason', 'stolen'];
    expect((await runProgram('fleet', 'gateway', 'revoke', `${(await gateway())?.id}`, ...order)).code).toBe(
      0,
    );
    await eventually(() => revoked() === 1, PATIENCE_MS);
  });
});
