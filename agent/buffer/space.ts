/** What is known of the room for the buffer's file, bytes. */
export interface SpaceFacts {
  /** Pages of the file that hold something. */
  readonly usedBytes: number;
  readonly fileBytes: number;
  /** Free on the file system; `undefined` where it does not tell. */
  readonly freeBytes: number | undefined;
}

export interface SpaceLimits {
  /** The file never grows beyond this. */
  readonly capBytes: number;
  /** The file does not grow while less than this is free. */
  readonly floorBytes: number;
  /** What the buffer may have even then: a reserve file keeps it. */
  readonly reserveBytes: number;
}

/** Room is made above the first share of what is allowed, until the second is reached. */
const HIGH = 0.92;
const LOW = 0.85;

/**
 * How many bytes may be in use. The file's free pages are used again, so that what it has is its own, whatever
 * others leave on the file system.
 */
export const allowedBytes = ({ fileBytes, freeBytes }: SpaceFacts, limits: SpaceLimits): number => {
  const { capBytes, floorBytes, reserveBytes } = limits;
  const growth = freeBytes === undefined ? Infinity : Math.max(0, freeBytes - floorBytes);
  return Math.min(capBytes, Math.max(fileBytes + growth, reserveBytes));
};

/** Whether room must be made, and, once begun, whether more must be. */
export const wantsRoom = (usedBytes: number, allowed: number, begun: boolean): boolean =>
  usedBytes > allowed * (begun ? LOW : HIGH);
