import { expect, it, onTestFinished } from 'vitest';
import { createAskingBus } from '../../../drivers/telegram/asking-bus.js';
import type { LineAnswer, LineRequest } from '../../../drivers/telegram/asking-line.js';
import { createMemoryLine } from '../../support/memory-line.js';
import { always, busDeps } from '../../support/modbus.js';

const QUESTION = Uint8Array.of(0x3f);

/** What comes of a request to which a device says so many bytes, where a whole reply has `whole`. */
const ask = async (
  said: number,
  whole: number,
  limits: Pick<LineRequest<number>, 'mostBytes'> = {},
): Promise<LineAnswer<number>> => {
  const [near, far] = createMemoryLine();
  far.onData(() => void far.write(new Uint8Array(said).fill(0x55)));
  const endpoint = { type: 'tcp', host: 'memory', port: 1 } as const;
  // Silence would be noticed only after a minute: what comes before that is of the bytes.
  const settings = { key: 'line', endpoint, framing: 'text', timeoutMs: 60_000, latenessMs: 0, pauseMs: 0 };
  const bus = createAskingBus(settings, { ...busDeps, openChannel: async () => near }, async () => []);
  onTestFinished(() => bus.close());
  const answer = await bus.talk(
    '',
    (exchange) =>
      exchange.request<number>({
        bytes: QUESTION,
        read: ({ length }) => (length >= whole ? { kind: 'reply', value: length } : { kind: 'more' }),
        ...limits,
      }),
    always(),
  );
  if ('code' in answer) throw new Error(answer.detail);
  return answer;
};

it('gives a reply up at once that has more bytes than it may', async () => {
  expect(await ask(11, 12, { mostBytes: 10 })).toMatchObject({
    fault: { code: 'frame', detail: 'more than 10 bytes came, and no reply among them' },
  });
  expect(await ask(11, 11, { mostBytes: 10 })).toMatchObject({ fault: { code: 'frame' } });
});

it('takes a reply that is as long as it may be', async () => {
  expect(await ask(10, 10, { mostBytes: 10 })).toMatchObject({ value: 10 });
});

it('bounds the replies of protocols that name no bound', async () => {
  expect(await ask(4096, 4096)).toMatchObject({ value: 4096 });
  expect(await ask(4097, 5000)).toMatchObject({ fault: { code: 'frame' } });
});
