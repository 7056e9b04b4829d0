import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { inspectCommand } from '../../../agent/local/cli/inspect-command.js';
import type { InspectQuestion } from '../../../agent/local/agent-questions.js';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { built } from '../../support/built.js';
import { startRtuPeer } from '../../support/modbus-peer.js';
import { runProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A device that counts, and holds a file 4; a site's configuration of it. */
const site = async () => {
  const peer = await startRtuPeer(
    (request) => {
      const [unit = 0, code, , sub = 0] = request;
      if (unit !== 1) return undefined;
      if (code === 3) return [1, 3, 2, 0, 0];
      if (code === 4) return [1, 4, 4, 0x43, 0x66, 0x33, 0x34];
      if (code === 8) return sub === 0 ? [...request] : [1, 8, 0, sub, 0, 100 + sub];
      return code === 20 && request[5] === 4
        ? [1, 20, 6, 5, 6, 0x0d, 0xfe, 0, 0x20]
        : [1, 0x80 | (code ?? 0), 2];
    },
    { echoes: false },
  );
  onTestFinished(() => peer.close());
  const folder = temporaryFolder();
  const config = join(folder, 'gateway.yaml');
  writeFileSync(
    config,
    `gateway: { name: Boiler room }
data: ${join(folder, 'data')}
buses:
  line: { rtu-over-tcp: '127.0.0.1:${peer.port}', timeout: 3s }
devices:
  meter: { bus: line, address: 1, profile: eastron/sdm120, points: { voltage: { } } }
`,
  );
  return { peer, config };
};

/** Asks where no agent runs. */
const ask = async (question: InspectQuestion) => {
  const { config } = await site();
  const lines: string[] = [];
  const output = { print: (text: string) => lines.push(text), explain: (text: string) => lines.push(text) };
  const options = { config, profiles: [packagedProfiles], question, json: false };
  const code = await inspectCommand(options, output, AbortSignal.timeout(60_000));
  return { code, text: lines.join('\n') };
};

test("a device's own counters are shown, and those that it lacks are told", async () => {
  const { code, text } = await ask({ ask: 'diagnose', device: 'meter' });
  expect(code).toBe(0);
  expect(text).toMatch(/meter at 1 on line: gives back what it is sent/);
  expect(text).toMatch(/wrong checksum +112/);
});

test('a record of a file is read from the command line, and a refusal is told', async () => {
  const record = { ask: 'file-record', device: 'meter', record: 1, count: 2 } as const;
  expect(await ask({ ...record, file: 4 })).toEqual({ code: 0, text: 'meter at 1 on line: 0dfe 0020' });
  const refused = await ask({ ...record, file: 5 });
  expect(refused).toMatchObject({ code: 1, text: expect.stringContaining('illegal data address') });
});

test('a device that is not there is told with those that are', async () => {
  await expect(ask({ ask: 'diagnose', device: 'metre' })).rejects.toThrow('there are: meter');
});

test(
  'both are asked through the agent where one runs, over its connection and between its polls',
  { timeout: 180_000 },
  async () => {
    built('agent/main.js', ['agent', 'drivers']);
    const { peer, config } = await site();
    const running = startProgram('agent', 'run', '--config', config);
    await running.printed(/"started"/);
    const agent = (...parameters: readonly string[]) =>
      runProgram('agent', ...parameters, '--config', config, '--device', 'meter');
    const counters = await agent('diagnose');
    expect(counters).toMatchObject({ code: 0, stdout: expect.stringMatching(/wrong checksum +112/) });
    const record = ['file-record', '--record', '1', '--count', '2'];
    const held = await agent(...record, '--file', '4');
    expect(held).toMatchObject({ code: 0, stdout: 'meter at 1 on line: 0dfe 0020\n' });
    expect(peer.connections()).toBe(1);
    expect(await running.end('SIGTERM')).toBe(0);
  },
);
