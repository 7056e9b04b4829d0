import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { openBody, parseBatch } from '#wire/batch.js';
import { encodeMessage } from '#wire/message-codec.js';
import type { Loss } from '#wire/windows.js';
import type { Buffer as GatewayBuffer } from '../../../agent/buffer/buffer.js';
import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import type { Clock } from '../../../agent/clock/clock.js';
import { createClock } from '../../../agent/clock/gateway-clock.js';
import { pause } from '../../../agent/clock/timers.js';
import { openCommandRecord } from '../../../agent/commands/command-record.js';
import type { CommandHandler } from '../../../agent/commands/command-handler.js';
import { createCommands } from '../../../agent/commands/commands.js';
import type { Identity } from '../../../agent/identity/identity.js';
import { DataBudget } from '../../../agent/uplink/data-budget.js';
import { createMqttConnect } from '../../../agent/uplink/mqtt-connection.js';
import { startUplink, type Uplink } from '../../../agent/uplink/uplink.js';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { createThrowawayAuthority, type Issued } from '../../support/throwaway-authority.js';
import { startStandIn, type StandIn } from './fleet-stand-in.js';

const GATEWAY = 'gateway0000000001';
const DAY = 86_400_000;
const LONG_MS = 15_000;

type Authority = Awaited<ReturnType<typeof createThrowawayAuthority>>;
let authority: Authority;
let gateway: Issued;
let server: Issued;

beforeAll(async () => {
  authority = await createThrowawayAuthority();
  gateway = await authority.issue({ name: GATEWAY, use: 'client' });
  server = await authority.issue({ name: 'fleet', use: 'server', names: ['fleet.test'] });
});

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const identityAt = (port: number): Identity => ({
  gatewayId: GATEWAY,
  privateKey: gateway.key,
  certificateChain: `${gateway.certificate}\n${authority.issuer}\n`,
  root: authority.root,
  thumbprint: createHash('sha256').update(new X509Certificate(gateway.certificate).raw).digest(),
  broker: { host: '127.0.0.1', port, serverName: 'fleet.test' },
});

const startFleet = async (options: { server?: Issued; port?: number; now?: () => number } = {}) => {
  const fleet = await startStandIn({
    gatewayId: GATEWAY,
    gatewayCertificate: gateway.certificate,
    chain: authority.issuer,
    root: authority.root,
    server,
    ...options,
  });
  cleanups.push(() => fleet.close());
  return fleet;
};

const silent = { info: () => {}, warn: () => {}, error: () => {} };

const makeClock = (disciplined: boolean, monotonic: () => number): Clock => {
  const clock = createClock({
    boot: 'boot',
    monotonic,
    wall: () => Date.now(),
    disciplined: () => disciplined,
    every: () => () => {},
    sources: [],
  });
  return clock;
};

interface GatewayOptions {
  readonly disciplined?: boolean;
  /** What the connection takes for the time, monotonic ms. */
  readonly now?: () => number;
  readonly monotonic?: () => number;
  readonly historyBytes?: number;
  readonly handlers?: ReadonlyMap<string, CommandHandler>;
}

/** A gateway with its buffer and uplink, and a way to store readings in it. */
const startGateway = async (fleet: Pick<StandIn, 'port'>, options: GatewayOptions = {}) => {
  const clock = makeClock(options.disciplined ?? true, options.monotonic ?? (() => performance.now()));
  const buffer: GatewayBuffer = await openBuffer({
    path: join(temporaryFolder(), 'buffer.db'),
    commitMs: 5,
    ...(options.historyBytes === undefined ? {} : { historyBytes: options.historyBytes }),
  });
  cleanups.push(() => buffer.close());
  const identity = identityAt(fleet.port);
  await buffer.setSigner({
    source: GATEWAY,
    certificate: identity.thumbprint,
    privateKey: identity.privateKey,
  });
  const numbers = await buffer.definePoints([
    { key: 'd/p', kind: 'gauge', valueType: 'float', intervalMs: 1_000, maxHoldMs: 60_000, windows: [] },
  ]);
  const directory = new TextEncoder().encode('a directory');
  await buffer.useDirectory(createHash('sha256').update(directory).digest(), directory);
  const budget = new DataBudget({
    bytesPerMonth: 0,
    now: () => clock.now(),
    load: () => undefined,
    save: () => undefined,
  });
  const commands = createCommands({
    record: openCommandRecord(temporaryFolder()),
    handlers: options.handlers ?? new Map(),
    now: () => clock.now().time,
    timeoutMs: 60_000,
  });
  const uplink: Uplink = startUplink({
    buffer,
    clock,
    log: silent,
    random: () => 0.01,
    pause,
    sealMs: 50,
    healthMs: 60_000,
    retryMs: 5_000,
    configVersion: 'c',
    agentVersion: 'a',
    budget,
    command: (command, signal) => commands.run(command, signal),
    connect: createMqttConnect({
      identity,
      keepaliveS: () => 60,
      knownTime: () => (clock.now().state === 'unsynced' ? undefined : clock.now().time),
      now: options.now ?? (() => performance.now()),
      count: (bytes) => budget.count(bytes),
    }),
    health: () =>
      Promise.resolve({
        time: clock.now().time,
        uptimeS: 1,
        rssBytes: 1,
        buffer: { bytes: 1, unsealed: 0, unackedBatches: 0, quarantined: 0 },
        buses: [],
      }),
  });
  cleanups.push(() => uplink.stop());
  const store = async (...values: readonly number[]): Promise<void> => {
    const point = numbers.get('d/p') ?? 0;
    for (const value of values) {
      const { boot, monotonic, time, state, uncertaintyMs } = clock.now();
      const quality = { flag: 1 as const, reason: 'none' as const, held: false };
      await buffer.append([{ point, boot, monotonic, time, clock: state, uncertaintyMs, value, ...quality }]);
    }
  };
  return { buffer, uplink, store, clock };
};

const valuesOf = (fleet: StandIn): readonly unknown[] =>
  [...fleet.batches.entries()]
    .toSorted(([a], [b]) => a - b)
    .flatMap(([, messages]) => {
      const [message] = messages;
      if (message === undefined) return [];
      const body = openBody(parseBatch(message));
      return body.content === 'readings' ? body.columns.flatMap((column) => column.readings) : [];
    })
    .map(({ value }) => value);

const lossesOf = (fleet: StandIn): readonly Loss[] =>
  [...fleet.batches.values()].flatMap(([message]) => {
    if (message === undefined) return [];
    const body = openBody(parseBatch(message));
    return body.content === 'losses' ? body.losses : [];
  });

it('says hello, sends the directory first, then each reading once, and frees what is acked', async () => {
  const fleet = await startFleet();
  const { buffer, store, uplink } = await startGateway(fleet);
  await store(1, 2, 3);
  await eventually(() => valuesOf(fleet).length === 3, LONG_MS);
  await store(4);
  await eventually(() => valuesOf(fleet).length === 4, LONG_MS);
  expect(valuesOf(fleet)).toEqual([1, 2, 3, 4]);
  expect(fleet.kinds[0]).toBe('hello');
  expect(fleet.kinds.indexOf('directory')).toBeLessThan(fleet.kinds.indexOf('batch'));
  expect(fleet.directories.map(String)).toEqual(['a directory']);
  await eventually(async () => (await buffer.state()).unackedBatches === 0, LONG_MS);
  expect([...fleet.batches.values()].every((messages) => messages.length === 1)).toBe(true);
  expect(uplink.view().state).toBe('connected');
});

it('loses and invents nothing over cuts and lost acks: what goes again is the same bytes', async () => {
  const fleet = await startFleet();
  const { buffer, store } = await startGateway(fleet);
  fleet.acking = false;
  await store(1, 2);
  await eventually(() => fleet.batches.size > 0, LONG_MS);
  fleet.cut();
  await store(3);
  await eventually(() => fleet.hellos.length >= 2, LONG_MS);
  fleet.acking = true;
  fleet.cut();
  await store(4);
  await eventually(
    async () => (await buffer.state()).unackedBatches === 0 && valuesOf(fleet).length === 4,
    LONG_MS,
  );
  expect(valuesOf(fleet)).toEqual([1, 2, 3, 4]);
  const seqs = [...fleet.batches.keys()].toSorted((a, b) => a - b);
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
  for (const messages of fleet.batches.values()) {
    expect(messages.every((message) => messages[0]?.equals(message))).toBe(true);
  }
});

it('sends again what a welcome says is lacking', async () => {
  const fleet = await startFleet();
  const { buffer, store } = await startGateway(fleet);
  await store(1);
  await eventually(async () => (await buffer.state()).lastSealed === 1, LONG_MS);
  await eventually(async () => (await buffer.state()).unackedBatches === 0, LONG_MS);
  const { directory } = await buffer.state();
  await buffer.ackDirectories([directory]);
  fleet.directories.length = 0;
  fleet.welcome = { resend: [[1, 1]], directories: [directory] };
  fleet.cut();
  await eventually(() => fleet.batches.get(1)?.length === 2, LONG_MS);
  expect(fleet.directories).toHaveLength(1);
});

it('sends a directory again that the fleet asks for while they talk, as it was', async () => {
  const fleet = await startFleet();
  const { buffer, store } = await startGateway(fleet);
  await store(1);
  await eventually(() => fleet.directories.length === 1, LONG_MS);
  await eventually(async () => (await buffer.state()).unackedBatches === 0, LONG_MS);
  const { directory } = await buffer.state();
  await buffer.ackDirectories([directory]);
  const asked = { epoch: buffer.epoch, batches: [], directories: [directory, new Uint8Array(32)] };
  await fleet.send('resend', encodeMessage('resend', asked));
  await eventually(() => fleet.directories.length === 2, LONG_MS);
  expect(fleet.directories[1]).toEqual(fleet.directories[0]);
  expect(fleet.connections()).toBe(1);
});

it('declares lost what a welcome asks for and is not here', async () => {
  const fleet = await startFleet();
  const { store, buffer } = await startGateway(fleet, { historyBytes: 1 });
  await store(1);
  await eventually(async () => (await buffer.state()).lastSealed === 1, LONG_MS);
  await eventually(async () => (await buffer.state()).unackedBatches === 0, LONG_MS);
  fleet.welcome = { resend: [[1, 1]] };
  fleet.cut();
  await eventually(() => lossesOf(fleet).length > 0, LONG_MS);
  expect(lossesOf(fleet)).toMatchObject([
    { cause: 'retention', epoch: buffer.epoch, firstSeq: 1, lastSeq: 1, count: 1, exact: true },
  ]);
});

it('quarantines by its bytes what the fleet could not read at all', async () => {
  const fleet = await startFleet();
  fleet.unreadable.add(1);
  const { buffer, store } = await startGateway(fleet);
  await store(1);
  await eventually(async () => (await buffer.state()).quarantinedBatches === 1, LONG_MS);
  await store(2);
  await eventually(() => fleet.batches.has(2), LONG_MS);
  expect(fleet.batches.get(1)).toHaveLength(1);
});

it('frees nothing for an ack of what it has not sent: it may be for another card', async () => {
  const fleet = await startFleet();
  const { buffer, store } = await startGateway(fleet);
  await eventually(() => fleet.statuses.length > 0, LONG_MS);
  fleet.acking = false;
  // four fill the window, the fifth waits
  for (const seq of [1, 2, 3, 4, 5]) {
    await store(seq);
    await eventually(async () => (await buffer.state()).lastSealed === seq, LONG_MS);
  }
  await eventually(() => fleet.batches.size === 4, LONG_MS);
  const ack = { epoch: buffer.epoch, quarantined: [], directories: [] };
  await fleet.send('ack', encodeMessage('ack', { ...ack, stored: [[5, 5]] }));
  // what comes after it is answered, so it was heard
  const command = { id: 'a', name: 'none', arguments: {}, expires: Date.now() + DAY };
  await fleet.send('command', encodeMessage('command', command));
  await eventually(() => fleet.results.length === 1, LONG_MS);
  expect((await buffer.state()).unackedBatches).toBe(5);
  await fleet.send('ack', encodeMessage('ack', { ...ack, stored: [[1, 4]] }));
  await eventually(async () => (await buffer.state()).unackedBatches === 1, LONG_MS);
});

it('runs a command once, however often it is sent', async () => {
  let runs = 0;
  const count: CommandHandler = async () => ({ outcome: 'done', detail: `run ${(runs += 1)}` });
  const fleet = await startFleet();
  await startGateway(fleet, { handlers: new Map([['count', count]]) });
  await eventually(() => fleet.statuses.length > 0, LONG_MS);
  const command = { id: 'a', name: 'count', arguments: {}, expires: Date.now() + DAY };
  for (let sent = 1; sent <= 3; sent += 1) {
    await fleet.send('command', encodeMessage('command', command));
    await eventually(() => fleet.results.length === sent, LONG_MS);
  }
  expect(fleet.results.map(({ detail }) => detail)).toEqual(['run 1', 'run 1', 'run 1']);
});

it('never sends a refused batch in a loop', async () => {
  const fleet = await startFleet();
  fleet.refused.add(1);
  const { buffer, store } = await startGateway(fleet);
  await store(1);
  await eventually(async () => (await buffer.state()).quarantinedBatches === 1, LONG_MS);
  await store(2);
  await eventually(() => fleet.batches.has(2), LONG_MS);
  const sent = fleet.batches.get(1);
  expect(sent).toHaveLength(1);
  const [refused] = await buffer.quarantined(10);
  expect(refused).toMatchObject({ seq: 1, reason: 'test', bytes: sent?.[0]?.length });
  expect(sent?.[0]?.equals((await buffer.quarantinedMessage(refused?.id ?? 0)) ?? new Uint8Array())).toBe(
    true,
  );
});

it('refuses commands that it does not know, and those that came too late', async () => {
  const fleet = await startFleet();
  await startGateway(fleet);
  await eventually(() => fleet.statuses.length > 0, LONG_MS);
  const command = { name: 'dance', arguments: {} };
  await fleet.send('command', encodeMessage('command', { ...command, id: 'a', expires: Date.now() + DAY }));
  await fleet.send('command', encodeMessage('command', { ...command, id: 'b', expires: Date.now() - 1_000 }));
  await eventually(() => fleet.results.length === 2, LONG_MS);
  expect(fleet.results.map(({ id, outcome }) => [id, outcome])).toEqual([
    ['a', 'refused'],
    ['b', 'expired'],
  ]);
});

it('survives bytes that are no message', async () => {
  const fleet = await startFleet();
  const { store } = await startGateway(fleet);
  await eventually(() => fleet.statuses.length > 0, LONG_MS);
  for (const kind of ['ack', 'command', 'resend'] as const)
    await fleet.send(kind, Buffer.from('ffff00', 'hex'));
  await store(7);
  await eventually(() => valuesOf(fleet).length === 1, LONG_MS);
  expect(fleet.connections()).toBe(1);
});

it('takes leave when stopped, and leaves no connection behind', async () => {
  const fleet = await startFleet();
  const { uplink } = await startGateway(fleet);
  await eventually(() => fleet.statuses.length === 1, LONG_MS);
  await uplink.stop();
  await eventually(() => fleet.statuses.length === 2, LONG_MS);
  expect(fleet.statuses).toEqual([{ online: true }, { online: false }]);
  expect(uplink.view().state).toBe('stopped');
});

it('tells nothing to a server of another authority, or without the name, or made for clients', async () => {
  const stranger = await createThrowawayAuthority();
  const servers = [
    await stranger.issue({ name: 'fleet', use: 'server', names: ['fleet.test'] }),
    await authority.issue({ name: 'fleet', use: 'server', names: ['other.test'] }),
    await authority.issue({ name: 'fleet', use: 'client', names: ['fleet.test'] }),
  ];
  for (const disciplined of [true, false]) {
    for (const wrong of servers) {
      const fleet = await startFleet({ server: wrong });
      const { uplink } = await startGateway(fleet, { disciplined });
      await eventually(() => uplink.view().lastError?.includes('is not our fleet') === true, LONG_MS);
      expect(fleet.hellos).toEqual([]);
      await uplink.stop();
    }
  }
}, 60_000);

it('takes the time, and nothing else, from a fleet whose certificate the unset clock cannot judge', async () => {
  const future = await authority.issue({
    name: 'fleet',
    use: 'server',
    names: ['fleet.test'],
    notBefore: new Date(Date.now() + 20 * DAY),
    notAfter: new Date(Date.now() + 25 * DAY),
  });
  const fleet = await startFleet({ server: future, now: () => Date.now() + 22 * DAY });
  const { clock, store } = await startGateway(fleet, { disciplined: false });
  await store(1);
  await eventually(() => fleet.hellos.length === 2, LONG_MS);
  expect(fleet.hellos.map((hello) => hello.clock)).toEqual(['unsynced', 'synced']);
  expect(fleet.kinds.slice(0, 2)).toEqual(['hello', 'hello']);
  expect(Math.abs(clock.now().time - Date.now() - 22 * DAY)).toBeLessThan(5_000);
  await eventually(() => fleet.directories.length === 1, LONG_MS);
});

it('asks for the time again, a little later, when the answer was too slow to set the clock by', async () => {
  let [late, slow] = [0, true];
  const fleet = await startFleet({
    now: () => {
      if (slow) late += 5_000;
      return Date.now() + late;
    },
  });
  const monotonic = (): number => performance.now() + late;
  const { clock } = await startGateway(fleet, { disciplined: false, monotonic });
  await eventually(() => fleet.hellos.length === 2, LONG_MS);
  expect(fleet.hellos.map((hello) => hello.clock)).toEqual(['unsynced', 'holdover']);
  slow = false;
  late += 10_000;
  await eventually(() => clock.now().state === 'synced', LONG_MS);
  expect(Math.abs(clock.now().time - Date.now() - late)).toBeLessThan(1_000);
  expect(fleet.hellos).toHaveLength(3);
});

it('does not believe a certificate that has expired by the time it knows', async () => {
  const past = await authority.issue({
    name: 'fleet',
    use: 'server',
    names: ['fleet.test'],
    notBefore: new Date(Date.now() - 20 * DAY),
    notAfter: new Date(Date.now() - 10 * DAY),
  });
  const fleet = await startFleet({ server: past });
  const { uplink } = await startGateway(fleet);
  await eventually(() => uplink.view().lastError?.includes('valid from') === true, LONG_MS);
  expect(fleet.hellos).toEqual([]);
});
