import { expect, it, onTestFinished } from 'vitest';
import { createAskingBus } from '../../../drivers/telegram/asking-bus.js';
import type { LineAnswer, LineRequest, LineTraits } from '../../../drivers/telegram/asking-line.js';
import { createMemoryLine } from '../../support/memory-line.js';
import { always, busDeps } from '../../support/modbus.js';

const QUESTION = Uint8Array.of(0x3f);

/** What comes of a request to which a device says so many bytes, where a whole reply has `whole`. */
const ask = async (
  said: number,
  whole: number,
  limits: Pick<LineRequest<number>, 'mostBytes'> = {},
  line: { readonly latenessMs?: number } & LineTraits = {},
): Promise<LineAnswer<number>> => {
  const [near, far] = createMemoryLine();
  far.onData(() => void far.write(new Uint8Array(said).fill(0x55)));
  const endpoint = { type: 'tcp', host: 'memory', port: 1 } as const;
  // Silence would be noticed only after a minute: what comes before that is of the bytes.
  const settings = { key: 'line', endpoint, framing: 'text', timeoutMs: 60_000, pauseMs: 0 };
  const { latenessMs = 0, ...traits } = line;
  const bus = createAskingBus(
    { ...settings, latenessMs },
    { ...busDeps, openChannel: async () => near },
    async () => [],
    traits,
  );
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

it('asks at once where replies tell what they are, and else when none to an earlier process can come', async () => {
  expect(await ask(1, 1, {}, { latenessMs: 3_600_000, repliesTell: true })).toMatchObject({ value: 1 });
  const before = performance.now();
  expect(await ask(1, 1, {}, { latenessMs: 300 })).toMatchObject({ value: 1 });
  expect(performance.now() - before).toBeGreaterThanOrEqual(299);
});
