import type { Bus } from '../../drivers/driver.js';
import { createClock } from '../clock/gateway-clock.js';
import { systemTime } from '../clock/system-time.js';
import type { Configuration } from '../twin/configuration.js';
import { createBusState } from './bus-state.js';
import { closeBuses, openBuses } from './open-buses.js';

/** Does something on buses of our own, where no agent runs, and closes them. */
export const onOwnBuses = async <T>(
  configuration: Configuration,
  work: (buses: ReadonlyMap<string, Bus>) => Promise<T>,
): Promise<T> => {
  const system = systemTime();
  const clock = createClock(system);
  const buses = openBuses(configuration, clock, createBusState(configuration.dataFolder));
  try {
    return await work(buses);
  } finally {
    await closeBuses(buses);
    clock.stop();
    system.stop();
  }
};
