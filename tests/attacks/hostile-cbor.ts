import { encodeCbor } from '../../agent/wire/cbor.js';
import { signCose } from '../../agent/wire/cose.js';
import type { Random } from './random.js';

const HUGE = Buffer.from('9affffffffbaffffffff5affffffff7affffffff1bffffffffffffffff', 'hex');

/** Something of the right shape, for a decoder to get as far as it may. */
const likely = (random: Random): Uint8Array => {
  const statement = signCose(
    encodeCbor(
      new Map<number, unknown>(
        Array.from({ length: 1 + random.below(20) }, (_, key) => [key, random.below(2 ** 31)]),
      ),
    ),
    () => random.bytes(64),
  );
  return random.pick([
    () => encodeCbor([statement, random.bytes(random.below(200))]),
    () =>
      encodeCbor({
        online: random.below(2) === 0,
        epoch: 'x'.repeat(random.below(40)),
        time: random.below(1e9),
      }),
    () => encodeCbor({ id: 'a', outcome: 'done', detail: '\u202e'.repeat(random.below(5_000)) }),
    () => encodeCbor(Array.from({ length: random.below(300) }, () => random.below(1e6))),
  ])();
};

/** One body: deep, huge, cut short, with duplicate keys or indefinite lengths, bent, or noise. */
export const hostileCbor = (random: Random): Uint8Array => {
  const body = Buffer.from(likely(random));
  switch (random.below(8)) {
    case 0:
      return Buffer.concat([
        Buffer.alloc(random.below(20_000), random.pick([0x81, 0xa1, 0x9f, 0xbf, 0xd8])),
        body,
      ]);
    case 1:
      return Buffer.concat([HUGE.subarray(random.below(HUGE.length)), body]);
    case 2:
      return body.subarray(0, random.below(body.length));
    case 3:
      return Buffer.concat([Buffer.of(0xa2), encodeCbor('epoch'), body, encodeCbor('epoch'), body]);
    case 4:
      return Buffer.concat([Buffer.of(random.pick([0x9f, 0xbf, 0x5f, 0x7f])), body, Buffer.of(0xff)]);
    case 5:
      body[random.below(body.length)] = random.below(256);
      return body;
    case 6:
      return Buffer.concat([Buffer.of(0x9a, 0, 4, 0, 0), Buffer.alloc(random.below(300_000), 0xf6)]);
    default:
      return random.bytes(random.below(200));
  }
};
