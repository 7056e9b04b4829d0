import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../temporary-folder.js';

const SOURCE = fileURLToPath(new URL('./line.c', import.meta.url));

/**
 * Two serial ports joined by a wire: what is sent arrives only where both are set to the same speed and format. Needs
 * `cc`; ends with the test.
 */
export const wireSerialPorts = async (): Promise<readonly [string, string]> => {
  const program = join(temporaryFolder(), 'line');
  execFileSync('cc', ['-O1', '-o', program, SOURCE]);
  const child = spawn(program, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const ports: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) if (ports.push(line) === 2) break;
  const [one, other] = ports;
  if (one === undefined || other === undefined) throw new Error('the line ended before it was there');
  return [one, other];
};
