import type { Protocol } from '../driver.js';
import { sdi12Dialect } from './dialect.js';
import { createSdi12Bus } from './sdi12-bus.js';

/** SDI-12 1.4 through an adapter that makes breaks and turns the line by itself. `openBus` connects nothing. */
export const createSdi12 = (): Protocol => ({
  name: sdi12Dialect.protocol,
  dialect: sdi12Dialect,
  openBus: createSdi12Bus,
});
