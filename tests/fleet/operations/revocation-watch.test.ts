import { expect, it } from 'vitest';
import { join } from 'node:path';
import { startRevocationWatch } from '../../../fleet/operations/revocation-watch.js';
import { openRegistryStore } from '../../../fleet/store/sqlite/registry-store.js';
import { startBroker } from '../broker/broker-under-test.js';
import { addGateway, openFleetOfViews } from '../projections/fleet-of-views.js';
import { eventually } from '../../support/eventually.js';

const GATEWAY = 'gatewayaaaaaaaaaaaaa';

it('a revocation that was written beside the service ends the session of that gateway', async () => {
  const fleet = openFleetOfViews();
  addGateway(fleet.registry, GATEWAY, 'org');
  const under = await startBroker();
  const looks: (() => void)[] = [];
  const look = (): void => looks.forEach((each) => each());
  const faults: unknown[] = [];
  const watch = startRevocationWatch({
    revoked: () => fleet.registry.revokedGateways(),
    connected: (id) => under.broker.connected(id),
    disconnect: (id, why) => under.broker.disconnect(id, why),
    every: (_, callback) => {
      looks.push(callback);
      return () => undefined;
    },
    failed: (error) => faults.push(error),
  });
  await under.connect(await under.issue(GATEWAY));
  await eventually(() => under.broker.connected(GATEWAY), 30_000);
  look();
  expect([under.broker.connected(GATEWAY), watch.isRevoked(GATEWAY)]).toEqual([true, false]);
  const beside = openRegistryStore(join(fleet.folder, 'registry.db'), { newId: () => 'x' });
  beside.revokeGateway(GATEWAY, { at: Date.now(), by: 'command line', reason: 'stolen' });
  beside.close();
  look();
  expect(watch.isRevoked(GATEWAY)).toBe(true);
  await eventually(() => under.told.sessions.includes(`closed ${GATEWAY}`), 30_000);
  expect(faults).toEqual([]);
  await under.close();
  await fleet.close();
});
