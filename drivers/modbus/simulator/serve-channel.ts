import type { Channel } from '../../channel/channel.js';
import { GATEWAY_TARGET_SILENT } from '../exceptions.js';
import { answerRequest } from './answer-request.js';
import type { SimulatorFaults } from '../../simulator/faults.js';
import { createReplierFactory } from '../../simulator/replier.js';
import type { RegisterImage } from './register-image.js';
import type { Request, RequestReader } from './request-framing.js';

export interface ServedUnit {
  readonly image: RegisterImage;
  readonly maxRegisters: number;
}

export interface Service {
  /** By address. */
  readonly units: ReadonlyMap<number, ServedUnit>;
  readonly faults: SimulatorFaults;
  readonly newReader: () => RequestReader;
  /** A serial line: an unknown unit is silent, frames can be damaged, bytes go astray. */
  readonly serial: boolean;
  /** UTC ms. */
  readonly now: () => number;
}

const answer = ({ unit, pdu }: Request, { units, faults, serial, now }: Service): Uint8Array | undefined => {
  if (faults.silentUnits.includes(String(unit))) return undefined;
  const asked = units.get(unit);
  if (asked !== undefined) return answerRequest(pdu, asked.image, asked.maxRegisters, now());
  return serial ? undefined : Uint8Array.of((pdu[0] ?? 0) | 0x80, GATEWAY_TARGET_SILENT);
};

const damage = (frame: Uint8Array): Uint8Array => frame.with(frame.length - 3, (frame.at(-3) ?? 0) ^ 0x10);

const nextUnit = (unit: number): number => (unit % 247) + 1;

/** Gives a function that serves one channel, until that closes. */
export const createService = (service: Service): ((channel: Channel) => void) => {
  const { faults, serial, newReader } = service;
  const repliers = createReplierFactory({ faults, ...(serial ? { damage } : {}) });
  return (channel) => {
    const take = newReader();
    const replier = repliers(channel);
    const obey = (request: Request): void => {
      const pdu = answer(request, service);
      if (pdu === undefined) return;
      const { unit } = request;
      const frame = request.wrap(pdu, unit);
      const doubled = faults.doubledUnits.includes(String(unit));
      replier.reply(frame, {
        misaddressed: request.wrap(pdu, nextUnit(unit)),
        ...(doubled ? { afterwards: { bytes: frame, afterMs: 0 } } : {}),
      });
    };
    channel.onData((bytes) => {
      // A client that has gone hears no echo.
      if (faults.echo) void channel.write(bytes).catch(() => {});
      const requests = take(bytes);
      if (requests === undefined) void channel.close();
      requests?.forEach(obey);
    });
  };
};
