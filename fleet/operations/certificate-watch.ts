import type { RegistryStore } from '../store/registry-store.js';

/** Gateways renew with 30 days left; one that has fewer than these has failed to for half of that. */
const ALARM_DAYS = 15;
const DAY_MS = 86_400_000;

export interface CertificateWatchDeps {
  readonly registry: Pick<RegistryStore, 'gateways' | 'certificatesOf' | 'noteEvent'>;
  /** UTC ms. */
  readonly now: () => number;
}

/** Notes an alarm for each gateway whose last good certificate ends soon; called once a day, it counts the days. */
export const noteEndingCertificates = ({ registry, now }: CertificateWatchDeps): void => {
  const at = now();
  for (const { id: gatewayId } of registry.gateways()) {
    const last = registry
      .certificatesOf(gatewayId)
      .findLast(({ revokedAt, supersededAt }) => revokedAt === undefined && supersededAt === undefined);
    if (last === undefined || last.notAfter <= at || last.notAfter - at > ALARM_DAYS * DAY_MS) continue;
    const ends = new Date(last.notAfter).toISOString();
    const detail = `certificate ${last.thumbprint.slice(0, 16)} ends ${ends} and was not renewed`;
    registry.noteEvent({ gatewayId, kind: 'certificate-ending', detail, at });
  }
};
