import { AsciiFrames, buildAsciiFrame, parseAsciiFrame } from '../ascii-framing.js';
import type { RequestReader } from './request-framing.js';

/** Takes requests out of Modbus ASCII; what is damaged or stands outside of frames is thrown away. */
export const createAsciiRequestReader = (): RequestReader => {
  const frames = new AsciiFrames();
  return (bytes) =>
    frames.take(bytes).flatMap((frame) => {
      const body = frame === 'stray' ? undefined : parseAsciiFrame(frame);
      const asked = body?.[0];
      if (body === undefined || asked === undefined) return [];
      return {
        unit: asked,
        pdu: body.subarray(1),
        wrap: (reply: Uint8Array, unit: number = asked) => buildAsciiFrame(Uint8Array.of(unit, ...reply)),
      };
    });
};
