import { existsSync, readFileSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** What the kernel tells of a serial port. */
export interface SerialTraits {
  /** The name that the kernel knows it by now: `ttyUSB0` behind a stable name of /dev/serial. */
  readonly name: string;
  /** The kernel's driver, such as `ftdi_sio`; absent where the port has none (a pseudoterminal). */
  readonly driver?: string;
  /** Drivers that take a parity setting and ignore it, without a word. */
  readonly hasParity: boolean;
  /** How long the adapter holds bytes back, ms, and the file that says so; absent where it does not. */
  readonly latency?: { readonly ms: number; readonly file: string };
}

/** The auxiliary UART of Broadcom chips (BCM2835 ARM Peripherals, section 2.2): no parity, 7 or 8 bits, 1 stop bit. */
const WITHOUT_PARITY: ReadonlySet<string> = new Set(['bcm2835-aux-uart']);

const linkName = (path: string): string | undefined => {
  try {
    return basename(readlinkSync(path));
  } catch {
    return undefined;
  }
};

/** From Linux 6.5 on, devices of these two drivers stand between a port and its chip. */
const BETWEEN: ReadonlySet<string> = new Set(['port', 'ctrl']);
const LEVELS = 4;

/** The device of a port and those above it. */
const lineage = (device: string): readonly string[] => {
  const own = existsSync(device) ? realpathSync(device) : device;
  return Array.from({ length: LEVELS }, (_, level) => join(own, ...Array<string>(level).fill('..')));
};

/** Device tree names, for a kernel that binds the mini-UART through its general 8250 driver. */
const compatible = (device: string): readonly string[] => {
  const file = join(device, 'of_node', 'compatible');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\0') : [];
};

const latencyOf = (file: string): SerialTraits['latency'] => {
  try {
    const ms = Number(readFileSync(file, 'utf8'));
    return Number.isFinite(ms) ? { ms, file } : undefined;
  } catch {
    return undefined;
  }
};

/** Looks a port up in sysfs, through whatever links lead to it. A port that is not there has no traits to speak of. */
export const serialTraits = (path: string, sysfs = '/sys'): SerialTraits => {
  const name = basename(existsSync(path) ? realpathSync(path) : path);
  const device = join(sysfs, 'class/tty', name, 'device');
  const devices = lineage(device);
  const driver = devices
    .map((above) => linkName(join(above, 'driver')))
    .find((found) => found !== undefined && !BETWEEN.has(found));
  const mini =
    (driver !== undefined && WITHOUT_PARITY.has(driver)) ||
    devices.some((above) => compatible(above).includes('brcm,bcm2835-aux-uart'));
  const latency = latencyOf(join(device, 'latency_timer'));
  return {
    name,
    hasParity: !mini,
    ...(driver === undefined ? {} : { driver }),
    ...(latency === undefined ? {} : { latency }),
  };
};

const LOW_LATENCY_MS = 1;

/**
 * Tells an adapter to hand bytes on at once. Gives a hint for people where that needs rights which this program does
 * not have.
 */
export const hurry = ({ name, latency }: SerialTraits): string | undefined => {
  if (latency === undefined || latency.ms <= LOW_LATENCY_MS) return undefined;
  try {
    writeFileSync(latency.file, String(LOW_LATENCY_MS));
    return undefined;
  } catch {
    return (
      `${name} holds each reply back for up to ${latency.ms} ms; as root: echo ${LOW_LATENCY_MS} > ${latency.file} ` +
      '(lasting: the udev rule in drivers/channel/README.md)'
    );
  }
};
