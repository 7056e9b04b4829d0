import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { downFilter, downTopic, upTopic } from '../../../agent/wire/topics.js';
import { eventually } from '../../support/eventually.js';
import {
  PATIENCE_MS,
  startBroker,
  type BrokerUnderTest,
  type Credentials,
  type RawConnection,
} from './broker-under-test.js';
import {
  connectPacket,
  PINGREQ,
  publishPacket,
  remainingLength,
  subscribePacket,
  type ConnectFields,
} from './raw-mqtt.js';

const A = 'gwaaaaaaaaaaaaaa';
const B = 'gwbbbbbbbbbbbbbb';
const MIB = 1024 * 1024;

let under: BrokerUnderTest;
let a: Credentials;
let b: Credentials;

beforeAll(async () => {
  under = await startBroker({ limits: { connectTimeoutMs: 700, maxOutgoingBytes: 500_000 } });
  a = await under.issue(A);
  b = await under.issue(B);
});
afterAll(() => under.close());
afterEach(async () => {
  await eventually(() => !under.broker.connected(A), PATIENCE_MS);
  for (const list of Object.values(under.told)) list.length = 0;
});

const closed = (raw: RawConnection): Promise<void> => eventually(raw.closed, PATIENCE_MS);

/** The CONNACK's return code, `undefined` where the connection was closed without one. */
const answerTo = async (fields: Partial<ConnectFields>): Promise<number | undefined> => {
  const raw = under.raw(a);
  raw.socket.write(connectPacket({ clientId: A, ...fields }));
  await closed(raw);
  return raw.received()[3];
};

describe('a CONNECT', () => {
  it('with another client id than the certificate is rejected', async () => {
    const ids = [
      B,
      '+',
      '#',
      '$SYS',
      '$share/g/x',
      'a/b',
      '..',
      '',
      '\0',
      '__proto__',
      A.toUpperCase(),
      `${A}\0`,
      `${A} `,
    ];
    for (const clientId of ids) {
      under.told.refused.length = 0;
      expect(await answerTo({ clientId }), JSON.stringify(clientId)).toBe(2);
      expect(under.told.refused).toMatchObject([{ gatewayId: A, code: 'client-id' }]);
    }
    expect(await answerTo({ clientId: Uint8Array.of(0xff, 0xfe) })).toBe(2);
    expect(under.told.sessions).toEqual([]);
  });

  it('does not end the session of the gateway that it names', async () => {
    const other = await under.connect(b);
    await answerTo({ clientId: B });
    expect(other.connected && under.broker.connected(B)).toBe(true);
    await other.endAsync();
  });

  it('of another version of MQTT is refused', async () => {
    expect(await answerTo({ version: 5 })).toBe(1);
    expect(await answerTo({ version: 0x84 })).toBe(5);
    expect(under.told.refused.map(({ code }) => code)).toEqual(['protocol', 'protocol']);
    await answerTo({ version: 3, protocol: 'MQIsdp' });
    await answerTo({ version: 3 });
    expect(under.told.refused.map(({ code }) => code)).toEqual(Array.from({ length: 4 }, () => 'protocol'));
  });

  it('for a session that is kept is refused', async () => {
    expect(await answerTo({ clean: false })).toBe(5);
    expect(under.told.refused).toMatchObject([{ code: 'protocol' }]);
  });

  it('without keepalive, or with too long a one, is refused', async () => {
    expect(await answerTo({ keepalive: 0 })).toBe(5);
    expect(await answerTo({ keepalive: 1201 })).toBe(5);
    expect(under.told.refused.map(({ code }) => code)).toEqual(['keepalive', 'keepalive']);
  });

  it('with a will anywhere but on the own status is refused', async () => {
    const topics = [
      upTopic(B, 'status'),
      upTopic(A, 'batch'),
      downTopic(A, 'ack'),
      '$SYS/x',
      'a',
      upTopic(A, 'status') + '/',
    ];
    for (const topic of topics) {
      under.told.refused.length = 0;
      expect(await answerTo({ will: { topic } }), topic).toBe(5);
      expect(under.told.refused).toMatchObject([{ code: 'topic' }]);
    }
    under.told.refused.length = 0;
    expect(await answerTo({ will: { topic: upTopic(A, 'status'), retain: true } })).toBe(5);
    expect(under.told.refused).toMatchObject([{ code: 'retained' }]);
    expect(under.told.received).toEqual([]);
  });

  it('over its limit is refused by its header', async () => {
    await answerTo({ will: { topic: upTopic(A, 'status'), payload: 'x'.repeat(5000) } });
    expect(under.told.refused).toMatchObject([{ code: 'packet-too-large', gatewayId: undefined }]);
  });

  it('of a certificate that the registry does not admit is refused', async () => {
    const unknown = await under.issue(A);
    under.admitted.delete(unknown.thumbprint);
    const raw = under.raw(unknown);
    raw.socket.write(connectPacket({ clientId: A }));
    await closed(raw);
    expect(raw.received()[3]).toBe(5);
    expect(under.told.refused).toMatchObject([{ gatewayId: A, code: 'not-admitted' }]);
  });

  it('that does not come in time is not waited for', async () => {
    const raw = under.raw(a);
    await closed(raw);
    expect(under.told.refused).toMatchObject([{ gatewayId: undefined, code: 'connect-timeout' }]);
  });

  it('is accepted once', async () => {
    const raw = under.raw(a);
    await raw.open(A);
    raw.socket.write(connectPacket({ clientId: A }));
    await closed(raw);
    expect(under.told.refused).toMatchObject([{ code: 'malformed' }]);
  });
});

const refusalOf = async (bytes: Uint8Array): Promise<string | undefined> => {
  under.told.refused.length = 0;
  const raw = under.raw(a);
  await raw.open(A);
  raw.socket.write(bytes);
  await closed(raw);
  // neither PUBACK nor anything else
  expect(raw.received()).toHaveLength(0);
  expect(under.told.refused).toHaveLength(1);
  return under.told.refused[0]?.code;
};

describe('a message', () => {
  it('to any topic but the own ones ends the session', async () => {
    const topics = [
      upTopic(B, 'batch'),
      downTopic(A, 'ack'),
      upTopic(A, 'batch') + '/',
      upTopic(A, 'batch') + '\0',
      `terroir/1/${A}/up/unknown`,
      `terroir/1/${A}/up/__proto__`,
      `terroir/2/${A}/up/batch`,
      `/terroir/1/${A}/up/batch`,
      'terroir/1/../up/batch',
      '$SYS/broker',
      '$share/g/terroir',
      '__proto__',
      'a/b',
      '..',
    ];
    for (const topic of topics) expect(await refusalOf(publishPacket({ topic })), topic).toBe('topic');
    expect(under.told.received).toEqual([]);
  });

  it('to a topic that is none, or a pattern, ends the session', async () => {
    for (const topic of ['', '+', '#', 'terroir/1/+/up/batch', '/'.repeat(500), Uint8Array.of(0xff, 0xc0)]) {
      expect(await refusalOf(publishPacket({ topic }))).toMatch(/^(malformed|topic)$/);
    }
    expect(under.told.received).toEqual([]);
  });

  it('to be retained ends the session', async () => {
    expect(await refusalOf(publishPacket({ topic: upTopic(A, 'status'), retain: true }))).toBe('retained');
  });

  it('at another QoS than 1 ends the session', async () => {
    expect(await refusalOf(publishPacket({ topic: upTopic(A, 'batch'), qos: 0 }))).toBe('qos');
    expect(await refusalOf(publishPacket({ topic: upTopic(A, 'batch'), qos: 2 }))).toBe('qos');
  });

  it('over the limit ends the session before its body is sent', async () => {
    const header = Buffer.concat([Buffer.of(0x32), remainingLength(100 * MIB)]);
    expect(await refusalOf(header)).toBe('packet-too-large');
  });

  it('just over the limit is refused, and at the limit taken', async () => {
    const payload = new Uint8Array(MIB + 1);
    expect(await refusalOf(publishPacket({ topic: upTopic(A, 'batch'), payload }))).toBe('packet-too-large');
    const client = await under.connect(a);
    await client.publishAsync(upTopic(A, 'batch'), Buffer.alloc(MIB), { qos: 1 });
    expect(under.told.received.at(-1)?.payload).toHaveLength(MIB);
    await client.endAsync();
  });
});

describe('a subscription', () => {
  it('to anything but the own down topics ends the session', async () => {
    const filters = [
      downFilter(B),
      '#',
      '+/#',
      'terroir/1/+/down/+',
      `terroir/1/${A}/+/+`,
      `terroir/1/${A}/down/#`,
      downTopic(A, 'ack'),
      upTopic(B, 'batch'),
      `$share/g/${downFilter(A)}`,
      '$SYS/#',
      `${downFilter(A)}/`,
      '',
      '\0',
    ];
    for (const filter of filters) {
      const raw = under.raw(a);
      await raw.open(A);
      raw.socket.write(subscribePacket(filter));
      await closed(raw);
      expect(raw.received(), filter).toHaveLength(0);
    }
    expect(under.told.refused).toHaveLength(filters.length);
  });

  it('at another QoS than 1 ends the session', async () => {
    for (const qos of [0, 2]) {
      const raw = under.raw(a);
      await raw.open(A);
      raw.socket.write(subscribePacket(downFilter(A), qos));
      await closed(raw);
    }
    expect(under.told.refused.map(({ code }) => code)).toEqual(['qos', 'qos']);
  });
});

it('refuses garbage in place of a CONNECT, and after it', async () => {
  const garbage = [
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    Buffer.alloc(3000, 0xff),
    Buffer.from([0x10, 2, 9, 9]),
    Buffer.of(0),
  ];
  for (const bytes of garbage) {
    const raw = under.raw(a);
    raw.socket.write(bytes);
    await closed(raw);
    const late = under.raw(a);
    await late.open(A);
    late.socket.write(Buffer.concat([Buffer.of(0x35), remainingLength(bytes.length), bytes]));
    await closed(late);
  }
  expect(under.told.refused).toHaveLength(2 * garbage.length);
  expect(new Set(under.told.refused.map(({ code }) => code))).toEqual(new Set(['malformed']));
});

it('ends a session that says nothing within its keepalive, and not one that pings', async () => {
  const silent = under.raw(a);
  await silent.open(A, 1);
  const alive = under.raw(b);
  await alive.open(B, 1);
  const pings = setInterval(() => alive.socket.write(PINGREQ), 300);
  await closed(silent);
  expect(under.told.refused).toMatchObject([{ gatewayId: A, code: 'keepalive' }]);
  expect(alive.closed()).toBe(false);
  clearInterval(pings);
  alive.socket.destroy();
});

it('ends a session that does not read what it is sent', async () => {
  const raw = under.raw(a);
  await raw.open(A);
  raw.socket.write(subscribePacket(downFilter(A)));
  await eventually(() => raw.received().length >= 5, PATIENCE_MS);
  raw.socket.pause();
  const payload = new Uint8Array(100_000);
  await eventually(() => {
    void under.broker.publish(A, 'ack', payload);
    return !under.broker.connected(A);
  }, PATIENCE_MS);
  expect(under.told.refused).toMatchObject([{ gatewayId: A, code: 'slow-reader' }]);
});

it('serves good gateways beside two hundred hostile connections', async () => {
  const good = await under.connect(b);
  const hostile = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const raw = under.raw(n % 4 === 0 ? undefined : a);
      if (n % 4 === 3) raw.socket.on('secureConnect', () => raw.socket.write(Buffer.of(0x10, 0xff, 0x1f)));
      if (n % 4 === 2) raw.socket.on('secureConnect', () => raw.socket.write(Buffer.alloc(2000, 0x10)));
      await Promise.race([once(raw.socket, 'secureConnect'), once(raw.socket, 'close')]).catch(
        () => undefined,
      );
      return raw;
    }),
  );
  const started = Date.now();
  for (let n = 0; n < 50; n += 1) await good.publishAsync(upTopic(B, 'batch'), 'x', { qos: 1 });
  expect(Date.now() - started).toBeLessThan(PATIENCE_MS);
  await eventually(() => hostile.every((raw) => raw.closed()), PATIENCE_MS);
  expect(under.told.received).toHaveLength(50);
  expect(good.connected).toBe(true);
  await good.endAsync();
});
