import type { MqttClient } from 'mqtt';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { downFilter, downTopic, upTopic } from '../../../agent/wire/topics.js';
import { eventually } from '../../support/eventually.js';
import { subscribePacket } from './raw-mqtt.js';
import { PATIENCE_MS, startBroker, type BrokerUnderTest, type Credentials } from './broker-under-test.js';

const A = 'gwaaaaaaaaaaaaaa';
const B = 'gwbbbbbbbbbbbbbb';

let under: BrokerUnderTest;
let a: Credentials;
let b: Credentials;
/** Set by a test that wants the store to wait or fail. */
let store: () => Promise<void> = async () => {};

const closing = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => {
    client.once('close', () => resolve());
  });

beforeAll(async () => {
  under = await startBroker({ received: () => store() });
  a = await under.issue(A);
  b = await under.issue(B);
});
afterAll(() => under.close());
beforeEach(async () => {
  store = async () => {};
  await eventually(() => !under.broker.connected(A) && !under.broker.connected(B), PATIENCE_MS);
  for (const list of Object.values(under.told)) list.length = 0;
});

it('hands a message of a gateway to the fleet, with who sent it and when', async () => {
  const client = await under.connect(a);
  const before = Date.now();
  await client.publishAsync(upTopic(A, 'batch'), Buffer.from([1, 2, 3]), { qos: 1 });
  const [message] = under.told.received;
  expect(message).toMatchObject({ gatewayId: A, kind: 'batch' });
  expect([...(message?.payload ?? [])]).toEqual([1, 2, 3]);
  expect(message?.receivedAt).toBeGreaterThanOrEqual(before);
  await client.endAsync();
});

it('sends the PUBACK only when the store is done', async () => {
  const waiting: (() => void)[] = [];
  store = () => new Promise((resolve) => waiting.push(resolve));
  const client = await under.connect(a);
  let acknowledged = false;
  const publishing = client
    .publishAsync(upTopic(A, 'batch'), 'x', { qos: 1 })
    .then(() => (acknowledged = true));
  await eventually(() => under.told.received.length === 1, PATIENCE_MS);
  // a full round trip on the same connection, and still no PUBACK
  await client.subscribeAsync(downFilter(A), { qos: 1 });
  expect(acknowledged).toBe(false);
  for (const resolve of waiting) resolve();
  await publishing;
  await client.endAsync();
});

it('delivers to the one gateway that is meant', async () => {
  const first = await under.connect(a);
  const second = await under.connect(b);
  const toFirst: [string, Buffer][] = [];
  const toSecond: string[] = [];
  first.on('message', (topic, payload) => toFirst.push([topic, payload]));
  second.on('message', (topic) => toSecond.push(topic));
  await first.subscribeAsync(downFilter(A), { qos: 1 });
  await second.subscribeAsync(downFilter(B), { qos: 1 });
  const payload = Buffer.from('..hello..').subarray(2, 7);
  await under.broker.publish(A, 'welcome', payload);
  await under.broker.publish(A, 'ack', new Uint8Array(200_000));
  await eventually(() => toFirst.length === 2, PATIENCE_MS);
  expect(toFirst[0]).toEqual([downTopic(A, 'welcome'), Buffer.from('hello')]);
  expect(toFirst[1]?.[1]).toHaveLength(200_000);
  // what the first publishes goes to the fleet alone
  await first.publishAsync(upTopic(A, 'hello'), 'x', { qos: 1 });
  await second.publishAsync(upTopic(B, 'hello'), 'x', { qos: 1 });
  expect(toSecond).toEqual([]);
  expect(toFirst).toHaveLength(2);
  await Promise.all([first.endAsync(), second.endAsync()]);
});

it('does nothing for a gateway that is away, or did not ask', async () => {
  await under.broker.publish(A, 'ack', Buffer.from('x'));
  const client = await under.connect(a);
  const got: string[] = [];
  client.on('message', (topic) => got.push(topic));
  await under.broker.publish(A, 'ack', Buffer.from('x'));
  await client.subscribeAsync(downFilter(A), { qos: 1 });
  await client.unsubscribeAsync(downFilter(A));
  await under.broker.publish(A, 'command', Buffer.from('x'));
  await client.publishAsync(upTopic(A, 'hello'), 'x', { qos: 1 });
  expect(got).toEqual([]);
  await client.endAsync();
});

it('tells of every session once, opened and closed', async () => {
  const client = await under.connect(a);
  await eventually(() => under.broker.connected(A), PATIENCE_MS);
  await client.endAsync();
  await eventually(() => !under.broker.connected(A), PATIENCE_MS);
  const raw = under.raw(a);
  await raw.open(A);
  raw.socket.destroy();
  await eventually(() => under.told.sessions.length === 4, PATIENCE_MS);
  expect(under.told.sessions).toEqual([`opened ${A}`, `closed ${A}`, `opened ${A}`, `closed ${A}`]);
  expect(under.told.refused).toEqual([]);
});

it('receives the will of a gateway that fell silent, before the session counts as closed', async () => {
  const will = {
    topic: upTopic(A, 'status'),
    payload: Buffer.from('offline'),
    qos: 1,
    retain: false,
  } as const;
  const client = await under.connect(a, { will });
  const order: string[] = [];
  store = async () => void order.push(...under.told.sessions);
  client.stream.destroy();
  await eventually(() => under.told.sessions.length === 2, PATIENCE_MS);
  expect(under.told.received.map(({ kind, payload }) => [kind, Buffer.from(payload).toString()])).toEqual([
    ['status', 'offline'],
  ]);
  expect(order).toEqual([`opened ${A}`]);
});

it('receives the will of a gateway that the fleet disconnects, before the session counts as closed', async () => {
  const will = {
    topic: upTopic(A, 'status'),
    payload: Buffer.from('offline'),
    qos: 1,
    retain: false,
  } as const;
  const client = await under.connect(a, { will });
  await eventually(() => under.broker.connected(A), PATIENCE_MS);
  const order: string[] = [];
  store = async () => void order.push(...under.told.sessions);
  const closed = closing(client);
  under.broker.disconnect(A, 'test');
  expect(under.told.received.map(({ kind }) => kind)).toEqual(['status']);
  expect(order).toEqual([`opened ${A}`]);
  expect(under.told.sessions).toEqual([`opened ${A}`, `closed ${A}`]);
  await closed;
});

it('receives no will from a gateway that says goodbye', async () => {
  const will = {
    topic: upTopic(A, 'status'),
    payload: Buffer.from('offline'),
    qos: 1,
    retain: false,
  } as const;
  const client = await under.connect(a, { will });
  await client.endAsync();
  await eventually(() => !under.broker.connected(A), PATIENCE_MS);
  expect(under.told.received).toEqual([]);
});

describe('takeover', () => {
  it('ends the older session of the same gateway, and only that', async () => {
    const other = await under.connect(b);
    const older = await under.connect(a);
    const closed = closing(older);
    const newer = await under.connect(a);
    await closed;
    await eventually(() => under.told.sessions.length === 4, PATIENCE_MS);
    expect(under.told.sessions).toEqual([`opened ${B}`, `opened ${A}`, `closed ${A}`, `opened ${A}`]);
    const got: string[] = [];
    newer.on('message', (topic) => got.push(topic));
    await newer.subscribeAsync(downFilter(A), { qos: 1 });
    await under.broker.publish(A, 'ack', Buffer.from('x'));
    await eventually(() => got.length === 1, PATIENCE_MS);
    expect(other.connected).toBe(true);
    await Promise.all([newer.endAsync(), other.endAsync()]);
    await eventually(() => under.told.sessions.length === 6, PATIENCE_MS);
    expect(under.broker.connected(A)).toBe(false);
  });

  it('leaves one session of thirty that connect at once, and every opened one is closed', async () => {
    const raws = Array.from({ length: 30 }, () => under.raw(a));
    await Promise.allSettled(raws.map((raw) => raw.open(A)));
    await eventually(() => raws.filter((raw) => !raw.closed()).length === 1, PATIENCE_MS);
    expect(under.broker.connected(A)).toBe(true);
    for (const raw of raws) raw.socket.destroy();
    await eventually(() => !under.broker.connected(A), PATIENCE_MS);
    let open = 0;
    for (const event of under.told.sessions) {
      open += event.startsWith('opened') ? 1 : -1;
      expect(open === 0 || open === 1).toBe(true);
    }
    expect(open).toBe(0);
  });
});

it('lets a delivery end when the session does', async () => {
  const raw = under.raw(a);
  await raw.open(A);
  raw.socket.write(subscribePacket(downFilter(A)));
  await eventually(() => raw.received().length >= 5, PATIENCE_MS);
  raw.socket.pause();
  const delivering = Promise.all(
    Array.from({ length: 12 }, () => under.broker.publish(A, 'ack', new Uint8Array(300_000))),
  );
  under.broker.disconnect(A, 'test');
  await delivering;
  expect(under.told.sessions.at(-1)).toBe(`closed ${A}`);
});

it('ends the session of a message that the store did not take, and goes on', async () => {
  store = () => Promise.reject(new Error('disk full'));
  const client = await under.connect(a);
  const closed = closing(client);
  client.publish(upTopic(A, 'batch'), 'x', { qos: 1 });
  await closed;
  expect(under.told.errors).toContain('message not received');
  expect(under.told.refused).toEqual([]);
  client.end(true);
  store = async () => {};
  const again = await under.connect(a);
  await again.publishAsync(upTopic(A, 'batch'), 'x', { qos: 1 });
  await again.endAsync();
});

it('disconnects a gateway when the fleet says so', async () => {
  const client = await under.connect(a);
  const closed = closing(client);
  under.broker.disconnect(A, 'revoked');
  await closed;
  expect(under.broker.connected(A)).toBe(false);
  under.broker.disconnect(A, 'once more');
});
