import { openChannel } from '../../drivers/channel/open-channel.js';
import type { Bus, DurableState } from '../../drivers/driver.js';
import { createProtocols } from '../../drivers/protocols.js';
import type { Clock } from '../clock/clock.js';
import { delay } from '../clock/timers.js';
import type { Configuration } from '../twin/configuration.js';
import { LocalError } from './errors.js';

/**
 * Opens every bus of a configuration, by key. Nothing is connected yet: a bus connects when it is read. `state` keeps what
 * must outlive the program; without it nothing does.
 */
export const openBuses = (
  configuration: Pick<Configuration, 'buses'>,
  clock: Pick<Clock, 'monotonic'>,
  state?: DurableState,
): ReadonlyMap<string, Bus> => {
  const protocols = createProtocols();
  return new Map(
    configuration.buses.map((settings) => {
      const protocol = protocols.get(settings.protocol);
      if (protocol === undefined) {
        const known = [...protocols.keys()].join(', ');
        throw new LocalError(
          'usage',
          `bus ${settings.key}: no protocol ${settings.protocol}; there are: ${known}`,
        );
      }
      const deps = {
        openChannel,
        now: () => clock.monotonic(),
        delay,
        ...(state === undefined ? {} : { state }),
      };
      return [settings.key, protocol.openBus(settings, deps)];
    }),
  );
};

export const closeBuses = async (buses: ReadonlyMap<string, Bus>): Promise<void> => {
  await Promise.all([...buses.values()].map((bus) => bus.close()));
};
