import type { Protocol } from '../driver.js';
import { lineDialect } from './dialect.js';
import { LineBus } from './line-bus.js';

/** Instruments that speak lines of text, asked or unasked, as a profile describes them. `openBus` connects nothing. */
export const createLine = (): Protocol => ({
  name: lineDialect.protocol,
  dialect: lineDialect,
  openBus: (settings, deps) => new LineBus(settings, deps),
});
