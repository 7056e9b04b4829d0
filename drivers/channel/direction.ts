/** Ends a transmission: the library's `drain` returns when the kernel is empty, the chip may hold a character. */
const LAST_CHARACTERS = 2;
const BITS = 12;

export interface DirectionDeps {
  /** Sets the line that turns the adapter to sending. */
  readonly setSending: (sending: boolean) => Promise<void>;
  readonly delay: (ms: number) => Promise<void>;
  readonly baudRate: number;
}

/**
 * Writes with the adapter turned to sending, and turns it back when the last character must have left: best effort,
 * since a program among others cannot hold character times; a device that answers within some ms is cut off.
 */
export const createDirectedWrite =
  ({ setSending, delay, baudRate }: DirectionDeps) =>
  async (write: () => Promise<void>): Promise<void> => {
    await setSending(true);
    try {
      await write();
      await delay((1000 * LAST_CHARACTERS * BITS) / baudRate);
    } finally {
      await setSending(false);
    }
  };
