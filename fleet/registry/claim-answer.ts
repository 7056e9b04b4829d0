import type { EnrolResponse } from '#wire/enrolment.js';
import type { Authority } from './authority/authority.js';

/** Where gateways find the broker. */
export interface BrokerAddress {
  /** `null`: gateways use the host under which they reached the fleet. */
  readonly host: string | null;
  readonly port: number | (() => number);
  readonly serverName: string;
}

/** What a gateway is told with its certificate. */
export const responseFor = (
  {
    authority,
    broker,
  }: { readonly authority: Pick<Authority, 'rootPem' | 'issuerOf'>; readonly broker: BrokerAddress },
  certificate: { readonly gatewayId: string; readonly pem: string },
): EnrolResponse => ({
  gatewayId: certificate.gatewayId,
  certificate: certificate.pem,
  issuer: authority.issuerOf(certificate.pem),
  root: authority.rootPem,
  broker: {
    host: broker.host,
    port: typeof broker.port === 'number' ? broker.port : broker.port(),
    serverName: broker.serverName,
  },
});
