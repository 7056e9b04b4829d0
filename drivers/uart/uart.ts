import type { Protocol } from '../driver.js';
import { uartDialect } from './dialect.js';
import { createUartBus } from './uart-bus.js';

/** Particulate and gas sensors with a UART of their own: SDS011, PMS, SPS30, MH-Z19. `openBus` connects nothing. */
export const createUart = (): Protocol => ({
  name: uartDialect.protocol,
  dialect: uartDialect,
  openBus: createUartBus,
});
