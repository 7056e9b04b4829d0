import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

export const PROGRAMS = {
  agent: fileURLToPath(new URL('../../dist/terroir-agent/main.js', import.meta.url)),
  fleet: fileURLToPath(new URL('../../dist/terroir-fleet/main.js', import.meta.url)),
};

/** A compiled program as an operator runs it. */
export interface RunningProgram {
  readonly process: ChildProcess;
  /** All it printed so far, both streams. */
  output(): string;
  /** Resolves with the first match of what it prints; rejects at its end or after `timeoutMs`. */
  printed(pattern: RegExp, timeoutMs?: number): Promise<RegExpExecArray>;
  /** Sends a signal and waits for the end; gives the exit code. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Waits for it to end by itself; gives the exit code. */
  ended(): Promise<number | null>;
}

/** Starts a program; what still runs when the test ends is killed. */
export const startProgram = (name: keyof typeof PROGRAMS, ...parameters: readonly string[]): RunningProgram =>
  startProgramWith({}, name, ...parameters);

/** Starts a program with more in its environment. */
export const startProgramWith = (
  environment: NodeJS.ProcessEnv,
  name: keyof typeof PROGRAMS,
  ...parameters: readonly string[]
): RunningProgram => startFile(PROGRAMS[name], environment, ...parameters);

/** Starts a program of another build than the one that is shipped. */
export const startFile = (
  file: string,
  environment: NodeJS.ProcessEnv,
  ...parameters: readonly string[]
): RunningProgram => {
  const child = spawn(process.execPath, [file, ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  const collect = (text: Buffer): void => {
    output += text.toString();
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return {
    process: child,
    output: () => output,
    printed: (pattern, timeoutMs = 30_000) =>
      new Promise((resolve, reject) => {
        const give = (why: string): void =>
          reject(new Error(`${file} ${why} before ${String(pattern)}:\n${output}`));
        const timer = setTimeout(() => give(`took ${timeoutMs} ms`), timeoutMs);
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null) return;
          clearTimeout(timer);
          resolve(match);
        };
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        child.once('close', () => {
          clearTimeout(timer);
          give('ended');
        });
        look();
      }),
    ended: async () => {
      await ended;
      return child.exitCode;
    },
    end: async (signal) => {
      child.kill(signal);
      await ended;
      return child.exitCode;
    },
  };
};

/** Runs a program to its end. */
export const runProgram = async (
  name: keyof typeof PROGRAMS,
  ...parameters: readonly string[]
): Promise<{ code: number | null; output: string; stdout: string }> => {
  const child = spawn(process.execPath, [PROGRAMS[name], ...parameters], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let stdout = '';
  child.stdout.on('data', (text: Buffer) => {
    output += text.toString();
    stdout += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    output += text.toString();
  });
  await once(child, 'close');
  return { code: child.exitCode, output, stdout };
};
