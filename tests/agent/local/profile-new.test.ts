import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../support/eventually.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const program = fileURLToPath(new URL('../../../dist/terroir-agent/main.js', import.meta.url));
const PROMPT_MS = 30_000;

/**
 * `profile new` on a pseudo-terminal of its own, with a keyboard. socat takes a child that ends with another status
 * than 0 for an error, and leaves at once without what the terminal still holds: hence the shell that says the status.
 */
const onTerminal = (folder: string) => {
  const command = `${process.execPath} ${program} profile new --folder ${folder}; echo status $?`;
  const terminal = spawn('socat', ['-', `SYSTEM:"${command}",pty,setsid,ctty,stderr,echo=0`]);
  let screen = '';
  terminal.stdout.on('data', (text: Buffer) => (screen += text.toString()));
  const ended = once(terminal, 'close');
  onTestFinished(async () => {
    terminal.kill('SIGKILL');
    await ended;
  });
  return {
    ended,
    screen: () => screen,
    shows: (text: string) => eventually(() => screen.includes(text), PROMPT_MS),
    type: (text: string) => terminal.stdin.write(text),
  };
};

test('a technician is asked for what was not given, and again where nothing was answered', async () => {
  const folder = temporaryFolder();
  const { ended, shows, type } = onTerminal(folder);
  await shows('Maker: ');
  type('Acme\n');
  await shows('Model: ');
  type('\n');
  type('T 1\n');
  await shows('registers: ');
  type("L'Acme T1, notice\n");
  await shows('section in it: ');
  type('14\n');
  await ended;
  const text = readFileSync(join(folder, 'acme/t-1.yaml'), 'utf8');
  expect(text).toContain("maker: 'Acme'\nmodel: 'T 1'\n");
  expect(text).toContain("document: 'L''Acme T1, notice'\n  page: '14'\n");
});

test('answers pasted all at once are all taken', async () => {
  const folder = temporaryFolder();
  const { ended, shows, type } = onTerminal(folder);
  await shows('Maker: ');
  type('Acme\nT2\nManual\n3\n');
  await ended;
  expect(readFileSync(join(folder, 'acme/t2.yaml'), 'utf8')).toContain("page: '3'");
});

test('the end of the input is said to be none', async () => {
  const { ended, screen, shows, type } = onTerminal(temporaryFolder());
  await shows('Maker: ');
  type('\u0004');
  await ended;
  expect(screen()).toContain('give --maker, or answer on a terminal');
  expect(screen()).toContain('status 2');
});
