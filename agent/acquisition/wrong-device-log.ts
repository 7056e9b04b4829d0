import type { Sample } from '../../drivers/sample.js';
import type { Log } from '../local/log.js';
import type { ConfiguredDevice } from '../twin/configuration.js';

/** Says once that another device answers in place of the one that is meant, and once that the right one is back. */
export const createWrongDeviceLog = (
  log: Pick<Log, 'warn' | 'info'>,
): ((device: Pick<ConfiguredDevice, 'key' | 'bus'>, samples: readonly Sample[]) => void) => {
  const wrong = new Set<string>();
  return ({ key, bus }, samples) => {
    const fault = samples.find((sample) => sample.fault?.code === 'identity')?.fault;
    if (fault !== undefined && !wrong.has(key)) {
      wrong.add(key);
      log.warn('wrong-device', { bus, device: key, cause: fault.detail });
    } else if (fault === undefined && samples.some(({ value }) => value !== null) && wrong.delete(key)) {
      log.info('right-device-again', { bus, device: key });
    }
  };
};
