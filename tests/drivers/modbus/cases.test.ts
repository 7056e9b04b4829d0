import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { expect, it } from 'vitest';
import { createAsciiFraming } from '../../../drivers/modbus/ascii-framing.js';
import { decodeRegisters } from '../../../drivers/modbus/decode-registers.js';
import type { Framing } from '../../../drivers/modbus/framing.js';
import { createReadCodec, FUNCTIONS } from '../../../drivers/modbus/read-codec.js';
import { byteWidth } from '../../../drivers/modbus/register-layout.js';
import { createRtuFraming } from '../../../drivers/modbus/rtu-framing.js';
import { createTcpFraming } from '../../../drivers/modbus/tcp-framing.js';
import { register } from '../../support/modbus.js';

const RegisterType = Type.Union([
  Type.Literal('uint16'),
  Type.Literal('int16'),
  Type.Literal('uint32'),
  Type.Literal('float32'),
]);
const Expected = Type.Object(
  {
    cite: Type.String(),
    framing: Type.Union([Type.Literal('rtu'), Type.Literal('tcp'), Type.Literal('ascii')]),
    read: Type.Object({
      unit: Type.Integer(),
      table: Type.Union([Type.Literal('holding'), Type.Literal('input')]),
      address: Type.Integer(),
      count: Type.Integer(),
    }),
    /** What leaves. */
    request: Type.String(),
    values: Type.Optional(
      Type.Array(
        Type.Object({
          /** Register, from the first that was read. */
          at: Type.Integer(),
          type: RegisterType,
          order: Type.Optional(Type.String()),
          value: Type.Number(),
        }),
      ),
    ),
    exception: Type.Optional(Type.Integer()),
    fault: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);

const folder = new URL('../../../drivers/modbus/cases', import.meta.url).pathname;
const FRAMINGS: Readonly<Record<Static<typeof Expected>['framing'], () => Framing>> = {
  rtu: () => createRtuFraming(9600),
  tcp: createTcpFraming,
  ascii: createAsciiFraming,
};

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex').toUpperCase();

const read = (name: string): Static<typeof Expected> => {
  const parsed: unknown = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8'));
  if (!Value.Check(Expected, parsed)) throw new Error(`${name}: expected.json is not understood`);
  return parsed;
};

/** Each folder of `drivers/modbus/cases`: the request that leaves, and what the bytes of `reply.hex` mean as its answer. */
it.each(readdirSync(folder))('%s', (name) => {
  const { framing: form, read: asked, request, values, exception, fault } = read(name);
  const framing = FRAMINGS[form]();
  const codec = createReadCodec();
  const left = framing.send(codec.encode(asked), {
    unit: asked.unit,
    function: FUNCTIONS[asked.table],
    dataBytes: 2 * asked.count,
  });
  expect(hexOf(left)).toBe(hexOf(bytesOf(request)));
  const arrivals = framing.receive(bytesOf(readFileSync(join(folder, name, 'reply.hex'), 'utf8')));
  expect(arrivals).toHaveLength(1);
  const [arrival] = arrivals;
  expect(arrival?.kind === 'fault' ? arrival.code : undefined).toBe(fault);
  if (arrival?.kind !== 'reply') return;
  const reply = codec.decode(arrival.frame);
  expect(reply.kind === 'exception' ? reply.code : undefined).toBe(exception);
  if (reply.kind !== 'data') return;
  for (const { at, type, order = 'AB', value } of values ?? []) {
    const map = register({ type, order });
    const bytes = reply.data.subarray(2 * at, 2 * at + byteWidth(map));
    expect([at, type, decodeRegisters(bytes, map, { scale: 1, offset: 0 }).value]).toEqual([at, type, value]);
  }
});
