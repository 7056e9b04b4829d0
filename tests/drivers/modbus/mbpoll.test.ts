import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { point, profile, registerOf } from '../../support/modbus.js';
import { programAvailable } from '../../support/programs.js';

const run = promisify(execFile);

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const points = [
  point('a', { address: 4 }, { writable: { min: 0, max: 60_000 } }),
  point('wide', { address: 10, type: 'int32', order: 'CDAB' }, { valueType: 'integer' }),
  point('real', { address: 20, type: 'float32', order: 'CDAB' }),
  point('input', { table: 'input', address: 7 }),
  point('coil', { table: 'coil', type: 'bool', address: 3 }, { writable: { min: 0, max: 1 } }),
];

const VALUES: Readonly<Record<string, number>> = { a: 1234, wide: -70_000, real: 21.5, input: 77, coil: 1 };

const serve = async (): Promise<number> => {
  const simulator = await startSimulator({
    listen: { host: '127.0.0.1', port: 0 },
    framing: 'tcp',
    units: [{ address: '9', profile: profile(points), seed: 1, values: (asked) => VALUES[asked.key] ?? 0 }],
    now: () => 0,
  });
  closers.push(() => simulator.close());
  return simulator.port;
};

/** Asks unit 9 once, addresses counted from 0; gives what mbpoll printed. */
const mbpoll = async (port: number, options: readonly string[], value?: string): Promise<string> => {
  const fixed = ['-m', 'tcp', '-p', String(port), '-a', '9', '-1', '-0', '-o', '5'];
  const { stdout } = await run('mbpoll', [
    ...fixed,
    ...options,
    '127.0.0.1',
    ...(value === undefined ? [] : [value]),
  ]);
  return stdout;
};

const at = (key: string): readonly string[] => {
  const found = points.find((each) => each.key === key);
  return ['-r', String(found === undefined ? -1 : registerOf(found).address)];
};

describe.skipIf(!programAvailable('mbpoll'))('mbpoll, a master that is not ours, on a simulated unit', () => {
  test('reads what the profile means, in every table', async () => {
    const port = await serve();
    expect(await mbpoll(port, ['-t', '4', ...at('a')])).toMatch(/\[4\]:\s+1234/);
    expect(await mbpoll(port, ['-t', '4:int', ...at('wide')])).toMatch(/\[10\]:\s+-70000/);
    expect(await mbpoll(port, ['-t', '4:float', ...at('real')])).toMatch(/\[20\]:\s+21\.5/);
    expect(await mbpoll(port, ['-t', '3', ...at('input')])).toMatch(/\[7\]:\s+77/);
    expect(await mbpoll(port, ['-t', '0', ...at('coil')])).toMatch(/\[3\]:\s+1/);
  });

  test('writes, and reads what it wrote; elsewhere it is refused', async () => {
    const port = await serve();
    await mbpoll(port, ['-t', '4', ...at('a')], '4321');
    expect(await mbpoll(port, ['-t', '4', ...at('a')])).toMatch(/\[4\]:\s+4321/);
    await expect(mbpoll(port, ['-t', '4', ...at('real')], '1')).rejects.toMatchObject({
      stderr: expect.stringContaining('Illegal data address'),
    });
  });
});
