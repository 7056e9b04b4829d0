import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { once } from 'node:events';

/** After a polite request to stop, a process has this long, ms. */
const STOP_MS = 8000;

export interface Child {
  readonly name: string;
  readonly process: ChildProcess;
  /** Resolves with how it ended. */
  readonly ended: Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts `node` with these arguments; its output is added to `logFile`. In a process group of its own: Ctrl-C in the
 * terminal reaches the demonstration alone, which then stops everybody once and in order.
 */
export const startChild = (name: string, arguments_: readonly string[], logFile: string): Child => {
  const log = createWriteStream(logFile, { flags: 'a', mode: 0o600 });
  const child = spawn(process.execPath, [...arguments_], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = once(child, 'exit').then(() => {
    log.end();
    return child.signalCode ?? `exit code ${child.exitCode}`;
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
  };
  return { name, process: child, ended, stop };
};

/**
 * Runs `node` with these arguments to its end; rejects with what it printed when it fails. The signal ends it, and so
 * does `timeoutMs`.
 */
export const runChild = async (
  name: string,
  arguments_: readonly string[],
  { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
): Promise<void> => {
  const child = spawn(process.execPath, [...arguments_], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    timeout: timeoutMs,
  });
  const kill = (): void => void child.kill('SIGTERM');
  signal.addEventListener('abort', kill, { once: true });
  let output = '';
  const collect = (text: Buffer): void => {
    output += text.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const [code] = (await once(child, 'close')) as [number | null];
  signal.removeEventListener('abort', kill);
  if (code !== 0) throw new Error(`${name} failed: ${output.trim()}`);
};
