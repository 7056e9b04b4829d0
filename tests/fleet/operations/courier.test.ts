import { expect, test } from 'vitest';
import { startCourier } from '../../../fleet/operations/courier.js';
import type { GatewayCommand } from '../../../fleet/store/operations-store.js';
import { VirtualTime } from '../../support/virtual-time.js';

const command = (id: string, gatewayId: string): GatewayCommand => ({
  id,
  gatewayId,
  name: 'recall',
  arguments: {},
  createdAt: 0,
  createdBy: 'p',
  expires: 1e12,
  answer: undefined,
});

const openCourier = () => {
  const time = new VirtualTime({ monotonic: 0, wall: 0 });
  const waiting = new Map<string, GatewayCommand>();
  const connected = new Set<string>(['a']);
  const sent: string[] = [];
  const failed: unknown[] = [];
  const courier = startCourier({
    waiting: () => [...waiting.values()],
    connected: (id) => connected.has(id),
    send: (gatewayId, { id }) => void sent.push(`${gatewayId}/${id}`),
    now: () => time.wall,
    every: (ms, callback) => time.every(ms, callback),
    failed: (error) => void failed.push(error),
  });
  return { time, waiting, connected, sent, failed, courier };
};

test('a command goes at once to a gateway that is connected, else when it comes back', () => {
  const { time, waiting, connected, sent, courier } = openCourier();
  waiting.set('1', command('1', 'a'));
  waiting.set('2', command('2', 'b'));
  courier.wake();
  expect(sent).toEqual(['a/1']);
  connected.add('b');
  time.pass(5_000);
  expect(sent).toEqual(['a/1', 'b/2']);
});

test('a command without a result goes again after a minute, and no more once it has one', () => {
  const { time, waiting, sent, courier } = openCourier();
  waiting.set('1', command('1', 'a'));
  courier.wake();
  time.pass(55_000);
  expect(sent).toHaveLength(1);
  time.pass(10_000);
  expect(sent).toHaveLength(2);
  waiting.clear();
  time.pass(600_000);
  expect(sent).toHaveLength(2);
});

test('stopped, it looks no more', () => {
  const { time, courier } = openCourier();
  courier.stop();
  expect(time.timers).toBe(0);
});
