import { expect, it } from 'vitest';
import { openChannel } from '../../../drivers/channel/open-channel.js';
import type { ProgramEndpoint } from '../../../drivers/driver.js';
import { eventually } from '../../support/eventually.js';
import { always } from '../../support/modbus.js';

const shell = (script: string): ProgramEndpoint => ({
  type: 'program',
  program: '/bin/sh',
  parameters: ['-c', script],
});

it('gives what a program prints, and why it ended', async () => {
  const channel = await openChannel(shell('sleep 0.1; echo one; echo two; echo busy >&2; exit 3'), always());
  let output = '';
  let cause: Error | undefined;
  channel.onData((bytes) => (output += Buffer.from(bytes).toString()));
  channel.onClose((why) => (cause = why));
  await eventually(() => cause !== undefined, 10_000);
  expect(output).toBe('one\ntwo\n');
  expect(cause?.message).toContain('ended (3): busy');
});

it('ends the program with the channel', async () => {
  const channel = await openChannel(shell('echo $$; exec sleep 1000'), always());
  let output = '';
  channel.onData((bytes) => (output += Buffer.from(bytes).toString()));
  await eventually(() => output !== '', 10_000);
  await channel.close();
  expect(() => process.kill(Number(output), 0)).toThrow('ESRCH');
});

it('kills a program that does not end when it is told to', async () => {
  const channel = await openChannel(shell('trap "" TERM; echo up; while :; do sleep 1; done'), always());
  let output = '';
  channel.onData((bytes) => (output += Buffer.from(bytes).toString()));
  await eventually(() => output !== '', 10_000);
  await channel.close();
  await expect(channel.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'closed' });
});

it('says that a program is not there', async () => {
  const nowhere = { type: 'program', program: '/nonexistent', parameters: [] } as const;
  await expect(openChannel(nowhere, always())).rejects.toMatchObject({ code: 'unreachable' });
});

it('opens no chip, whose lines are watched one by one', async () => {
  await expect(openChannel({ type: 'gpio', chip: 'gpiochip0' }, always())).rejects.toMatchObject({
    code: 'unsupported',
  });
});
