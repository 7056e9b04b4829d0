import type { Protocol } from '../driver.js';
import { pulseDialect } from './dialect.js';
import { PulseBus } from './pulse-bus.js';
import { PulseError } from './pulse-error.js';

/** Contacts and pulse outputs on the digital inputs of a chip, through Debian's `gpiomon`. `openBus` starts nothing. */
export const createPulse = (): Protocol => ({
  name: pulseDialect.protocol,
  dialect: pulseDialect,
  openBus: (settings, deps) => {
    const { endpoint, key } = settings;
    if (endpoint.type !== 'gpio')
      throw new PulseError('endpoint', `bus ${key}: pulses are counted on a chip of digital inputs (gpio)`);
    return new PulseBus(settings, endpoint, deps);
  },
});
