/** A part of a register: its lowest bit, and how many there are. */
export interface BitField {
  readonly name: string;
  readonly at: number;
  readonly bits: number;
}

/** The status register of Linky (Enedis-NOI-CPT_54E, 6.2.3.14, label STGE). Tariff indexes count from 0. */
export const STATUS_FIELDS: readonly BitField[] = [
  { name: 'dry_contact', at: 0, bits: 1 },
  { name: 'breaker', at: 1, bits: 3 },
  { name: 'terminal_cover', at: 4, bits: 1 },
  { name: 'overvoltage', at: 6, bits: 1 },
  { name: 'reference_power_exceeded', at: 7, bits: 1 },
  { name: 'producer', at: 8, bits: 1 },
  { name: 'active_energy_negative', at: 9, bits: 1 },
  { name: 'supplier_tariff', at: 10, bits: 4 },
  { name: 'distributor_tariff', at: 14, bits: 2 },
  { name: 'clock_degraded', at: 16, bits: 1 },
  { name: 'standard_mode', at: 17, bits: 1 },
  { name: 'euridis', at: 19, bits: 2 },
  { name: 'plc_status', at: 21, bits: 2 },
  { name: 'plc_synchronised', at: 23, bits: 1 },
  { name: 'tempo_today', at: 24, bits: 2 },
  { name: 'tempo_tomorrow', at: 26, bits: 2 },
  { name: 'mobile_peak_notice', at: 28, bits: 2 },
  { name: 'mobile_peak', at: 30, bits: 2 },
];

/** Relay 1 is in the meter, the others are virtual (6.2.3.15, label RELAIS). */
export const RELAY_FIELDS: readonly BitField[] = Array.from({ length: 8 }, (_, index) => ({
  name: String(index + 1),
  at: index,
  bits: 1,
}));

/** Takes a register apart. */
export const splitBits = (
  register: number,
  fields: readonly BitField[],
): readonly (readonly [name: string, value: number])[] =>
  fields.map(({ name, at, bits }) => [name, (register >>> at) & ((1 << bits) - 1)]);

const UNUSED = 'NONUTILE';

/**
 * The blocks of a day's profile that are used, `hh:mm action`, the action in hexadecimal (6.2.3.16, labels PJOURF+1 and
 * PPOINTE); `undefined` where it is none.
 */
export const dayProfile = (data: string): string | undefined => {
  const blocks = data.trim().split(/\s+/);
  if (!blocks.every((block) => block === UNUSED || /^[0-2]\d[0-5]\d[0-9A-Fa-f]{4}$/.test(block)))
    return undefined;
  return blocks
    .filter((block) => block !== UNUSED)
    .map((block) => `${block.slice(0, 2)}:${block.slice(2, 4)} ${block.slice(4).toUpperCase()}`)
    .join(', ');
};
