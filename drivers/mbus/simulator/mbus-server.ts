import type { Channel } from '../../channel/channel.js';
import type { CreateDeviceServer } from '../../simulator/device-server.js';
import { createReplierFactory, type Replier } from '../../simulator/replier.js';
import { SimulatorError } from '../../simulator/simulator-error.js';
import { MOST_FRAME_BYTES, readFrame, type LinkFrame } from '../link/frame.js';
import { createSimulatedMeter, type SimulatedMeter } from './simulated-meter.js';

type Settings = Parameters<CreateDeviceServer>[0];

/** Takes bytes as they come; gives the frames that have become whole, and skips what is none. */
const createFrameReader = (): ((bytes: Uint8Array) => readonly LinkFrame[]) => {
  let pending: Uint8Array = new Uint8Array(0);
  return (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    const frames: LinkFrame[] = [];
    while (pending.length > 0) {
      const read = readFrame(pending);
      if (read.kind === 'more' && pending.length <= MOST_FRAME_BYTES) break;
      if (read.kind === 'frame') frames.push(read.frame);
      pending = pending.subarray(read.kind === 'frame' ? read.end : 1);
    }
    return frames;
  };
};

/** Devices that send at the same time: each draws current for its zeros, so that the zeros of all are heard. */
const together = (replies: readonly Uint8Array[]): Uint8Array => {
  const length = Math.max(0, ...replies.map((reply) => reply.length));
  return Uint8Array.from({ length }, (_, index) =>
    replies.reduce((byte, reply) => byte & (reply[index] ?? 0xff), 0xff),
  );
};

const checksumAt = (reply: Uint8Array): number => Math.max(0, reply.length - 2);

/** A damaged checksum. */
const damage = (reply: Uint8Array): Uint8Array => {
  const last = checksumAt(reply);
  return reply.with(last, (reply[last] ?? 0) ^ 0x10);
};

/** The next device's address, in frames that bear one. */
const misaddress = (reply: Uint8Array): Uint8Array => {
  if (reply.length <= 7) return reply;
  const last = checksumAt(reply);
  const next = (index: number): number => ((reply[index] ?? 0) + 1) & 0xff;
  return reply.with(5, next(5)).with(last, next(last));
};

const serve = (
  channel: Channel,
  meters: readonly SimulatedMeter[],
  { faults, now }: Settings,
  replier: Replier,
): void => {
  const read = createFrameReader();
  channel.onData((bytes) => {
    // A client that has gone hears no echo.
    if (faults.echo) void channel.write(bytes).catch(() => {});
    for (const frame of read(bytes)) {
      const replies = meters.flatMap((meter) => {
        const reply = faults.silentUnits.includes(meter.address) ? undefined : meter.answer(frame, now());
        return reply ?? [];
      });
      if (replies.length > 0) replier.reply(together(replies));
    }
  });
};

/** M-Bus devices on one line. Several may match a question; then their answers collide, as on the wire. */
export const createMbusServer: CreateDeviceServer = (settings) => {
  const addresses = settings.devices.map(({ address }) => address);
  const twice = addresses.find((address, index) => addresses.indexOf(address) !== index);
  if (twice !== undefined) throw new SimulatorError('address', `device ${twice} is given twice`);
  const meters = settings.devices.map((device) => createSimulatedMeter(device, settings.now()));
  const repliers = createReplierFactory({ faults: settings.faults, damage, misaddress });
  return (channel) => serve(channel, meters, settings, repliers(channel));
};
