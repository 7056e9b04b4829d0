import { expect, it } from 'vitest';
import { noteEndingCertificates } from '../../../fleet/operations/certificate-watch.js';
import { GATEWAY_A, GATEWAY_B, itemsOf, openHttp } from '../http/http-under-test.js';

const DAY_MS = 86_400_000;

it('a certificate that ends within 15 days without renewal is an alarm of its gateway, day by day', async () => {
  const http = await openHttp();
  const { clock } = http;
  const { registry } = http.fleet;
  const issue = (gatewayId: string, name: string, days: number): void => {
    const notBefore = clock.now + (days - 90) * DAY_MS;
    const certificate = { thumbprint: name.padEnd(64, '0'), gatewayId, pem: '', notBefore, csrHash: name };
    registry.addRenewed({ ...certificate, notAfter: clock.now + days * DAY_MS }, '', clock.now);
  };
  issue(GATEWAY_A, 'a1', 15.5);
  issue(GATEWAY_B, 'b1', 3);
  issue(GATEWAY_B, 'b2', 80);
  const alarms = async (id: string) =>
    itemsOf(await http.get(`/api/v1/gateways/${id}/events`, await http.login('org-operator'))).map(
      ({ kind, alarm, count }) => [kind, alarm, count],
    );
  const pass = (days: number): void => {
    clock.now += days * DAY_MS;
    noteEndingCertificates({ registry, now: () => clock.now });
  };
  pass(0);
  expect(await alarms(GATEWAY_A)).toEqual([]);
  pass(1);
  pass(1);
  expect(await alarms(GATEWAY_A)).toEqual([['certificate-ending', true, 2]]);
  expect(await alarms(GATEWAY_B)).toEqual([]);
  issue(GATEWAY_A, 'a2', 90);
  pass(1);
  expect(await alarms(GATEWAY_A)).toEqual([['certificate-ending', true, 2]]);
  // over, or refused for good: nothing is left to renew
  pass(90);
  registry.revokeGateway(GATEWAY_B, { at: clock.now, by: 'someone', reason: 'gone' });
  expect(await alarms(GATEWAY_A)).toEqual([['certificate-ending', true, 2]]);
  expect(await alarms(GATEWAY_B)).toEqual([]);
});
