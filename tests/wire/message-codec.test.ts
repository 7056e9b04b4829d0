import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeCbor } from '../../agent/wire/cbor.js';
import { WireError } from '../../agent/wire/errors.js';
import { decodeMessage, encodeMessage, type MessageKind } from '../../agent/wire/message-codec.js';
import type { Hello } from '../../agent/wire/messages.js';
import { messages } from './arbitraries.js';

const KINDS: readonly MessageKind[] = [
  'hello',
  'welcome',
  'ack',
  'resend',
  'command',
  'result',
  'status',
  'health',
];

const roundTrip = (kind: MessageKind): void => {
  fc.assert(
    fc.property(messages[kind], (message) => {
      expect(decodeMessage(kind, encodeMessage(kind, message))).toEqual(message);
    }),
    { numRuns: 100 },
  );
};

const hello: Hello = {
  epoch: '0123456789abcdef',
  firstUnacked: 1,
  lastSealed: 0,
  lastOrdinal: 0,
  directory: new Uint8Array(32),
  configVersion: 'v',
  agentVersion: '1.0.0',
  clock: 'synced',
  time: 1_700_000_000_000,
};

describe('messages', () => {
  it.each(KINDS)('%s comes back as it was', (kind) => {
    roundTrip(kind);
  });

  it('passes over keys that this version does not know', () => {
    const bytes = encodeCbor({ ...hello, radio: { rssi: -70 } });
    expect(decodeMessage('hello', bytes)).toMatchObject(hello);
  });

  it.each([
    [{ ...hello, firstUnacked: '1' }, /hello\/firstUnacked/],
    [{ ...hello, firstUnacked: -1 }, /hello\/firstUnacked/],
    [{ ...hello, epoch: 'XYZ' }, /hello\/epoch/],
    [{ ...hello, clock: 'ntp' }, /hello\/clock/],
    [{ ...hello, directory: 'x' }, /hello\/directory/],
    [{ epoch: hello.epoch }, /hello .*firstUnacked/],
    [[hello], /hello/],
    [null, /hello/],
  ])('refuses a wrong type and names the key (%#)', (value, key) => {
    expect(() => decodeMessage('hello', encodeCbor(value))).toThrow(key);
    expect(() => decodeMessage('hello', encodeCbor(value))).toThrow(WireError);
  });

  it('refuses ranges that descend, and ranges that are none', () => {
    const ack = { epoch: hello.epoch, stored: [[5, 4]], quarantined: [], directories: [] };
    for (const range of [[5, 4], null, [1], 7, ['a', 'b']]) {
      expect(() => decodeMessage('ack', encodeCbor({ ...ack, stored: [range] }))).toThrow(WireError);
    }
  });

  it('refuses a payload over the limit before it parses', () => {
    expect(() => decodeMessage('status', new Uint8Array(1024 * 1024 + 1))).toThrow(/limit/);
  });

  it('throws nothing but WireError on any data', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...KINDS),
        fc.oneof(
          fc.uint8Array({ maxLength: 100 }),
          fc
            .object({ maxDepth: 3, key: fc.constantFrom('epoch', 'stored', 'time', 'acked', 'id', 'x') })
            .map((value) => {
              try {
                return encodeCbor(value);
              } catch {
                return new Uint8Array(0);
              }
            }),
        ),
        (kind, bytes) => {
          try {
            decodeMessage(kind, bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(WireError);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
