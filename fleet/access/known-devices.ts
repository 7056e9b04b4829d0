import { isSame } from './is-same.js';
import type { Sealing } from './sealing.js';

/** A device stays known this long after a login, ms. */
export const DEVICE_MS = 180 * 24 * 3600 * 1000;

/**
 * Cookies of devices on which somebody signed in. They open nothing: failed logins from a known device do not count
 * among those of strangers, so strangers cannot keep its person out.
 */
export interface KnownDevices {
  /** A cookie for this person's device. */
  issue(personId: string): string;
  /** The device of a cookie that was issued to this person and has not ended. */
  check(cookie: string | undefined, personId: string | undefined): string | undefined;
}

export const createKnownDevices = (deps: {
  readonly sealing: Pick<Sealing, 'mac'>;
  readonly now: () => number;
  readonly random: (bytes: number) => Uint8Array;
}): KnownDevices => {
  const macOf = (device: string, expires: string, personId: string): string =>
    deps.sealing.mac(`${device}.${expires}.${personId}`, 'known device');
  return {
    issue: (personId) => {
      const device = Buffer.from(deps.random(12)).toString('hex');
      const expires = String(deps.now() + DEVICE_MS);
      return `${device}.${expires}.${macOf(device, expires, personId)}`;
    },
    check: (cookie, personId) => {
      const [device, expires, mac, more] = cookie?.split('.') ?? [];
      if (device === undefined || expires === undefined || mac === undefined || more !== undefined) {
        return undefined;
      }
      if (personId === undefined || !(Number(expires) > deps.now())) return undefined;
      return isSame(mac, macOf(device, expires, personId)) ? device : undefined;
    },
  };
};
