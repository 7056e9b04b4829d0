import { afterEach, expect, it } from 'vitest';
import { upTopic } from '../../../agent/wire/topics.js';
import { eventually } from '../../support/eventually.js';
import { PATIENCE_MS, startBroker, type BrokerUnderTest, type TestOptions } from './broker-under-test.js';
import { publishPacket } from './raw-mqtt.js';

const A = 'gwaaaaaaaaaaaaaa';

let under: BrokerUnderTest;
afterEach(() => under.close());

const start = async (options: TestOptions) => {
  under = await startBroker(options);
  const raw = under.raw(await under.issue(A));
  await raw.open(A);
  return raw;
};

/** A store that takes messages only when told. */
const heldStore = () => {
  const waiting: (() => void)[] = [];
  return {
    waiting,
    received: (): Promise<void> => new Promise((resolve) => waiting.push(resolve)),
    release: (): void => {
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
};

it('stops reading a gateway whose messages wait for the store, and then takes them all in order', async () => {
  const store = heldStore();
  const raw = await start({ received: store.received });
  const count = 400;
  const body = 100_000;
  let sent = 0;
  const send = (): void => {
    while (sent < count && raw.socket.writableLength < 1_000_000) {
      const payload = new Uint8Array(body).fill(sent % 251);
      sent += 1;
      raw.socket.write(publishPacket({ topic: upTopic(A, 'batch'), id: sent, payload }));
    }
  };
  raw.socket.on('drain', send);
  send();
  // 4 MiB wait, a chunk or two more are with the parser, and the sender is stuck
  await eventually(() => store.waiting.length >= 40, PATIENCE_MS);
  let last = -1;
  await eventually(() => {
    const still = last === raw.socket.bytesWritten;
    last = raw.socket.bytesWritten;
    return still && raw.socket.writableLength > 0;
  }, PATIENCE_MS);
  expect(store.waiting.length).toBeLessThanOrEqual(45);
  await eventually(() => {
    store.release();
    return under.told.received.length === count;
  }, PATIENCE_MS);
  expect(
    under.told.received.every(({ payload }, n) => payload[0] === n % 251 && payload.length === body),
  ).toBe(true);
  await eventually(() => {
    store.release();
    return raw.received().length === count * 4;
  }, PATIENCE_MS);
});

it('counts small messages too', async () => {
  const store = heldStore();
  const raw = await start({ received: store.received, limits: { maxWaitingMessages: 8 } });
  // one packet a write, so that each comes as a chunk of its own
  for (let id = 1; id <= 3000; id += 1) {
    raw.socket.write(publishPacket({ topic: upTopic(A, 'batch'), id, payload: new Uint8Array(1000) }));
  }
  await eventually(() => store.waiting.length >= 8, PATIENCE_MS);
  let last = -1;
  await eventually(() => {
    const still = last === store.waiting.length;
    last = store.waiting.length;
    return still;
  }, PATIENCE_MS);
  // the parser may hold a few chunks of 64 KiB
  expect(store.waiting.length).toBeLessThan(250);
  await eventually(() => {
    store.release();
    return under.told.received.length === 3000;
  }, PATIENCE_MS);
});

it('reads a gateway over its quota more slowly, and loses nothing', async () => {
  const raw = await start({ limits: { packetsPerSecond: 50 } });
  const started = Date.now();
  for (let id = 1; id <= 150; id += 1) {
    raw.socket.write(publishPacket({ topic: upTopic(A, 'batch'), id, payload: new Uint8Array(2000) }));
  }
  await eventually(() => under.told.received.length === 150, PATIENCE_MS);
  // 100 at once, the rest at 50 a second; a chunk that is let in late counts whole
  expect(Date.now() - started).toBeGreaterThan(400);
  expect(under.told.refused).toEqual([]);
});

it('closes only when what it has received is with the store', async () => {
  const store = heldStore();
  const raw = await start({ received: store.received });
  raw.socket.write(publishPacket({ topic: upTopic(A, 'batch') }));
  await eventually(() => store.waiting.length === 1, PATIENCE_MS);
  let closed = false;
  const closing = under.broker.close().then(() => (closed = true));
  await eventually(raw.closed, PATIENCE_MS);
  expect(closed).toBe(false);
  store.release();
  await closing;
  expect(under.told.sessions).toEqual([`opened ${A}`, `closed ${A}`]);
});
