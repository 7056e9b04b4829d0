import type { MqttClient } from 'mqtt';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { downFilter, downTopic, upTopic } from '../../../../agent/wire/topics.js';
import { encodeMessage } from '../../../../agent/wire/message-codec.js';
import { startRevocationListFile } from '../../../../fleet/operations/revocation-list-file.js';
import { eventually } from '../../../support/eventually.js';
import { programAvailable } from '../../../support/programs.js';
import type { Credentials } from '../broker-under-test.js';
import { PATIENCE_MS, startExternal, type ExternalUnderTest } from './external-under-test.js';

const A = 'gwaaaaaaaaaaaaaa';
const B = 'gwbbbbbbbbbbbbbb';
const C = 'gwcccccccccccccc';

const granted = async (client: MqttClient, filter: string): Promise<boolean> => {
  try {
    return (await client.subscribeAsync(filter, { qos: 1 })).every(({ qos }) => qos < 128);
  } catch {
    return false;
  }
};

const every = (ms: number, callback: () => void): (() => void) => {
  const timer = setInterval(callback, ms);
  return () => clearInterval(timer);
};

const closing = (client: MqttClient): Promise<void> =>
  new Promise((resolve) => {
    client.once('close', () => resolve());
  });

const listen = async (client: MqttClient, id: string): Promise<string[]> => {
  const heard: string[] = [];
  client.on('message', (topic) => heard.push(topic));
  await client.subscribeAsync(downFilter(id), { qos: 1 });
  return heard;
};

describe.skipIf(!programAvailable('mosquitto'))(
  'behind mosquitto as broker-config has it',
  { timeout: 120_000 },
  () => {
    let under: ExternalUnderTest;
    beforeAll(async () => {
      under = await startExternal();
    });
    afterAll(() => under.close());
    afterEach(async () => {
      await under.restartMosquitto();
      await eventually(() => under.connected() && !under.broker.connected(A), PATIENCE_MS);
      under.admitted.clear();
      for (const list of [under.told, under.received]) list.length = 0;
    });

    test('a gateway speaks and is spoken to on its own topics alone', async () => {
      const a = await under.connect(await under.enrol(A));
      const b = await under.connect(await under.enrol(B));
      const toA = await listen(a, A);
      const toB = await listen(b, B);
      await a.publishAsync(upTopic(A, 'hello'), 'x', { qos: 1 });
      await b.publishAsync(upTopic(B, 'hello'), 'x', { qos: 1 });
      await eventually(() => under.broker.connected(A) && under.broker.connected(B), PATIENCE_MS);
      await under.broker.publish(A, 'welcome', Buffer.from('for a'));
      await eventually(() => toA.length === 1, PATIENCE_MS);
      expect(toA).toEqual([downTopic(A, 'welcome')]);

      // what it may not is not delivered, to the fleet or to a neighbour
      for (const topic of [
        upTopic(B, 'batch'),
        downTopic(B, 'command'),
        downTopic(A, 'ack'),
        '$SYS/x',
        'a/b',
      ])
        await a.publishAsync(topic, 'x', { qos: 1 });
      await a.publishAsync(upTopic(A, 'health'), 'last', { qos: 1 });
      await eventually(() => under.received.some(({ kind }) => kind === 'health'), PATIENCE_MS);
      expect(under.received.map(({ gatewayId, kind }) => `${gatewayId} ${kind}`)).toEqual([
        `${A} hello`,
        `${B} hello`,
        `${A} health`,
      ]);
      expect(toB).toEqual([]);

      const foreign = [
        '#',
        '+/#',
        '$SYS/#',
        '$share/ingest/terroir/1/+/up/#',
        `$share/x/${downFilter(A)}`,
        downFilter(B),
        'terroir/1/+/down/+',
        upTopic(B, 'batch'),
      ];
      for (const filter of foreign) expect(await granted(a, filter), filter).toBe(false);
      expect(await granted(a, downFilter(A))).toBe(true);
    });

    test('nobody takes another’s client id, retains, or comes without a certificate that is good', async () => {
      const b = await under.connect(await under.enrol(B));
      const own = await under.enrol(A);
      const thief = await under.connect(own, { clientId: B });
      const toThief = await listen(thief, A);
      await b.publishAsync(upTopic(B, 'hello'), 'x', { qos: 1 });
      await eventually(() => under.broker.connected(B), PATIENCE_MS);
      expect(b.connected).toBe(true);
      expect(await granted(thief, downFilter(B))).toBe(false);

      const closed = closing(thief);
      thief.publish(upTopic(A, 'status'), 'kept', { qos: 1, retain: true });
      await closed;
      const late = await under.connect(own);
      expect(await listen(late, A)).toEqual([]);
      expect(toThief).toEqual([]);

      await expect(under.connect({ ...own, key: '', cert: '' })).rejects.toThrow();
      const stranger = await under.authority.issueServer({ names: [A] });
      await expect(
        under.connect({ ...own, key: stranger.keyPem, cert: stranger.certificatePem }),
      ).rejects.toThrow();
    });

    test('a gateway that is not enrolled, or not any more, is neither heard nor told, and its session is ended', async () => {
      const unknown = await under.connect(await under.issue(C));
      expect(await granted(unknown, downFilter(C))).toBe(false);
      await unknown.publishAsync(upTopic(C, 'batch'), 'x', { qos: 1 });

      const credentials = await under.enrol(A);
      const a = await under.connect(credentials);
      const toA = await listen(a, A);
      await a.publishAsync(upTopic(A, 'hello'), 'x', { qos: 1 });
      await eventually(() => under.broker.connected(A), PATIENCE_MS);
      const closed = closing(a);
      under.admitted.delete(A);
      under.broker.disconnect(A, 'revoked');
      await under.broker.publish(A, 'ack', Buffer.from('too late'));
      await closed;
      expect(under.told).toEqual([`opened ${A}`, `closed ${A}`]);
      const again = await under.connect(credentials);
      expect(await granted(again, downFilter(A))).toBe(false);
      await again.publishAsync(upTopic(A, 'batch'), 'x', { qos: 1 });
      expect(under.received).toHaveLength(1);
      expect(toA).toEqual([]);
    });

    test('a superseded certificate is refused once its list is there, and new issuers lock nobody out', async () => {
      const old = await under.enrol(A);
      const next = await under.issue(A);
      const ended = [{ pem: old.cert, endedAt: Date.now() }];
      const list = startRevocationListFile({
        path: under.crl,
        registry: { endedCertificates: () => ended },
        authority: under.authority,
        now: Date.now,
        every,
        failed: (error) => under.told.push(String(error)),
      });
      onTestFinished(() => list.stop());
      const takes = async (credentials: Credentials): Promise<boolean> => {
        under.mosquitto.reload();
        const client = await under.connect(credentials).catch(() => undefined);
        client?.end(true);
        return client !== undefined;
      };
      await eventually(async () => !(await takes(old)), PATIENCE_MS);
      expect(await takes(next)).toBe(true);

      await under.rotate();
      const last = await under.issue(A);
      await eventually(() => takes(last), PATIENCE_MS);
      expect([await takes(next), await takes(old)]).toEqual([true, false]);
      ended.push({ pem: next.cert, endedAt: Date.now() });
      await eventually(async () => !(await takes(next)), PATIENCE_MS);
      expect([await takes(last), await takes(old)]).toEqual([true, false]);
      expect(under.told).toEqual([]);
    });

    test('the will of a gateway that fell silent tells that it is gone; one that reconnects is there again', async () => {
      const payload = Buffer.from(encodeMessage('status', { online: false }));
      const will = { topic: upTopic(A, 'status'), payload, qos: 1, retain: false } as const;
      const credentials = await under.enrol(A);
      const a = await under.connect(credentials, { will });
      await a.publishAsync(upTopic(A, 'hello'), 'x', { qos: 1 });
      await eventually(() => under.broker.connected(A), PATIENCE_MS);
      a.stream.destroy();
      await eventually(() => !under.broker.connected(A), PATIENCE_MS);
      const back = await under.connect(credentials, { will });
      await back.publishAsync(upTopic(A, 'hello'), 'x', { qos: 1 });
      await eventually(() => under.broker.connected(A), PATIENCE_MS);
      expect(under.told).toEqual([`opened ${A}`, `closed ${A}`, `opened ${A}`]);
    });

    test('a broker that was away is connected again, and gets the gateways that came meanwhile', async () => {
      await under.enrol(A);
      await under.mosquitto.stop();
      await eventually(() => !under.connected(), PATIENCE_MS);
      const later = await under.enrol(C);
      await under.restartMosquitto();
      await eventually(() => under.connected(), PATIENCE_MS);
      await eventually(async () => {
        const b = await under.connect(later);
        return granted(b, downFilter(C));
      }, PATIENCE_MS);
    });
  },
);
