/** Highest address of a unit: TCP units may be 0 to 255, those on a serial line 1 to 247 (0 is the broadcast),
 *  and in the field up to 255 (SenseAir answers at 254). */
const BOUNDS = { tcp: [0, 255], rtu: [1, 255], ascii: [1, 255] } as const;

export type ModbusFraming = keyof typeof BOUNDS;

export const isModbusFraming = (text: string): text is ModbusFraming => Object.hasOwn(BOUNDS, text);

/** Parses a unit's address as people write it (decimal), or gives `undefined`. */
export const parseUnitAddress = (text: string, framing: ModbusFraming): number | undefined => {
  const [lowest, highest] = BOUNDS[framing];
  const address = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  return address >= lowest && address <= highest ? address : undefined;
};
