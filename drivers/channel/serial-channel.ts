import { setTimeout as sleep } from 'node:timers/promises';
import { SerialPort } from 'serialport';
import type { Endpoint } from '../driver.js';
import type { Channel } from './channel.js';
import { ChannelError } from './channel-error.js';
import { createDirectedWrite } from './direction.js';
import { hurry, serialTraits } from './serial-traits.js';
import { withSoftwareParity } from './software-parity.js';
import { createStreamChannel } from './stream-channel.js';

type SerialEndpoint = Extract<Endpoint, { type: 'serial' }>;

/** The library's text without the path, which it repeats. */
const whyNot = ({ message }: Error): string => message.replaceAll(/^Error:? |, cannot open .*$/g, '');

const open = (port: SerialPort): Promise<void> =>
  new Promise((resolve, reject) => {
    port.open((error) =>
      error
        ? reject(new ChannelError('unreachable', `${port.path} cannot be opened: ${whyNot(error)}`, error))
        : resolve(),
    );
  });

/**
 * Closes a port whose device has gone. The library sees that only while it waits for bytes: where a read is under
 * way at that moment it reads nothing, for ever, at full load.
 */
const watch = (port: SerialPort): void => {
  const binding = port.port;
  if (binding === undefined || !('poller' in binding)) return;
  binding.poller.once('disconnect', () => {
    if (port.isOpen) port.close(() => {});
  });
};

const setRts = (port: SerialPort, rts: boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    port.set({ rts }, (error) =>
      error
        ? reject(new ChannelError('unsupported', `${port.path} has no RTS line: ${error.message}`, error))
        : resolve(),
    );
  });

const hearFirst = async (port: SerialPort, direction: 'rts' | 'inverted-rts'): Promise<void> => {
  try {
    await setRts(port, direction !== 'rts');
  } catch (cause) {
    await new Promise<void>((resolve) => port.close(() => resolve()));
    throw cause;
  }
};

/** The library's write, which reports once the last byte has left the kernel; turned to sending meanwhile if asked. */
const writerOf = (
  port: SerialPort,
  { baudRate, direction }: SerialEndpoint,
): ((bytes: Uint8Array, done: (error?: Error | null) => void) => void) => {
  const write = (bytes: Uint8Array, done: (error?: Error | null) => void) => {
    port.write(bytes);
    port.drain(done);
  };
  if (direction === undefined) return write;
  const directed = createDirectedWrite({
    setSending: (sending) => setRts(port, sending === (direction === 'rts')),
    delay: (ms) => sleep(ms),
    baudRate,
  });
  return (bytes, done) => {
    directed(
      () => new Promise((resolve, reject) => write(bytes, (error) => (error ? reject(error) : resolve()))),
    ).then(
      () => done(),
      (cause: unknown) => done(cause instanceof Error ? cause : new Error(String(cause))),
    );
  };
};

/** Parity that the port cannot do, to be done here; `undefined` where there is nothing to do. */
const softwareParity = (
  { path, dataBits, parity }: SerialEndpoint,
  hasParity: boolean,
): 'even' | 'odd' | undefined => {
  if (hasParity || parity === 'none') return undefined;
  if (dataBits === 7) return parity;
  throw new ChannelError(
    'unsupported',
    `${path} is a mini-UART: it has no parity, and ${dataBits} data bits leave no room to make one; set the devices to ` +
      `8N1, or free the full UART (dtoverlay=disable-bt in config.txt), or use a USB adapter`,
  );
};

/**
 * Opens a serial port for this program alone. Rejects with a `ChannelError` (`unreachable`; `unsupported` where the
 * port cannot do the parity that is asked for), or with the signal's reason. A write resolves once the last byte has
 * left the port. Seven bits with parity work on a port without parity, too: it is then made and checked here.
 */
export const openSerialChannel = async (
  endpoint: SerialEndpoint,
  signal: AbortSignal,
  sysfs?: string,
): Promise<Channel> => {
  signal.throwIfAborted();
  const { path, baudRate, dataBits, parity, stopBits } = endpoint;
  const traits = serialTraits(path, sysfs);
  const software = softwareParity(endpoint, traits.hasParity);
  const format = software === undefined ? { dataBits, parity } : ({ dataBits: 8, parity: 'none' } as const);
  const port = new SerialPort({ path, baudRate, ...format, stopBits, lock: true, autoOpen: false });
  await open(port);
  watch(port);
  // The kernel raises RTS when it opens a port: the adapter would send nothing, and hear nothing.
  if (endpoint.direction !== undefined) await hearFirst(port, endpoint.direction);
  const hint = hurry(traits);
  const plain: Channel = {
    ...createStreamChannel(port, {
      write: writerOf(port, endpoint),
      end: () => {
        if (port.isOpen) port.close(() => {});
      },
    }),
    hints: hint === undefined ? [] : [hint],
  };
  const channel = software === undefined ? plain : withSoftwareParity(plain, software);
  if (!signal.aborted) return channel;
  await channel.close();
  throw signal.reason;
};
