import type { UnitSettings } from '../driver.js';
import type { Fault } from '../sample.js';
import type { Exchange } from '../telegram/asking-bus.js';
import { askLine } from './exchanges.js';
import { begins, parseIdentification, type Identification } from './responses.js';
import { Sdi12Error } from './sdi12-error.js';

/** Says once for each opening of the line whether the sensor at an address is of the model that is meant. */
export interface IdentityGuard {
  /** A fault where it is another, or does not say; nothing where it is right, or the profile does not ask. */
  check(exchange: Exchange, unit: UnitSettings): Promise<Fault | undefined>;
}

const mismatch = (said: Identification, { identity }: UnitSettings): Fault | undefined => {
  const { vendor, product } = identity?.device ?? {};
  if (begins(said.vendor, vendor) && begins(said.model, product)) return undefined;
  const meant = [vendor, product].filter((text) => text !== undefined).join(' ');
  return { code: 'identity', detail: `the sensor says ${said.vendor} ${said.model}, not ${meant}` };
};

export const createIdentityGuard = (): IdentityGuard => {
  /** The opening at which each address was found to be right. */
  const right = new Map<string, number>();
  return {
    check: async (exchange, unit) => {
      const { address, identity } = unit;
      if (identity?.device === undefined || right.get(address) === exchange.openings) return undefined;
      try {
        const fault = mismatch(await askLine(exchange, address, 'I', parseIdentification), unit);
        if (fault === undefined) right.set(address, exchange.openings);
        return fault;
      } catch (error) {
        if (!(error instanceof Sdi12Error)) throw error;
        return { code: error.code, detail: error.message };
      }
    },
  };
};
