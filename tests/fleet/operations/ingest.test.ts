import { expect, it } from 'vitest';
import { createIngest } from '../../../fleet/operations/ingest.js';

const gateway = (number: number): string => `gateway${number}`;

const prepare = () => {
  const noted: string[] = [];
  const events = createIngest({
    door: { batch: async () => undefined, directory: async () => undefined },
    reception: {
      hello: async () => undefined,
      status: () => undefined,
      health: () => undefined,
      result: () => undefined,
    },
    registry: {
      gateway: () => undefined,
      gateways: () => [],
      certificate: () => undefined,
      noteGateway: (id) => {
        noted.push(id);
      },
      noteCertificateUsed: () => true,
      revocation: () => undefined,
    },
    isRevoked: () => false,
    now: () => 0,
    log: { info: () => undefined, warn: () => undefined },
    countRefused: () => undefined,
  });
  const hear = async (gatewayId: string, receivedAt: number): Promise<void> =>
    events.received({ gatewayId, kind: 'status', payload: new Uint8Array(), receivedAt });
  return { noted, hear };
};

it('writes when a gateway was last seen, not with each of its messages', async () => {
  const { noted, hear } = prepare();
  for (const at of [10_000, 10_001, 14_999, 15_000]) await hear('one', at);
  expect(noted).toEqual(['one', 'one']);
});

it('forgets the gateway that was silent while ten thousand others spoke', async () => {
  const { noted, hear } = prepare();
  for (let number = 0; number <= 10_000; number += 1) await hear(gateway(number), 10_000);
  expect(noted).toHaveLength(10_001);
  await hear(gateway(10_000), 10_001);
  await hear(gateway(0), 10_001);
  expect(noted.slice(10_001)).toEqual([gateway(0)]);
});
