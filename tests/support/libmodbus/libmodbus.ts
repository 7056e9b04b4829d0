import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./server.c', import.meta.url));
const HEADERS = ['/usr/include/modbus/modbus.h', '/usr/local/include/modbus/modbus.h'];

/** Whether libmodbus can be compiled against here; under `CI` its lack is a failure. */
export const libmodbusAvailable = (): boolean => {
  if (HEADERS.some((header) => existsSync(header))) return true;
  if (process.env['CI']) throw new Error('libmodbus-dev is not installed, and no test may be skipped here');
  console.warn('skipped: libmodbus-dev is not installed');
  return false;
};

/** Compiles the server into a folder; gives the program's path. */
export const compileLibmodbusServer = (folder: string): string => {
  const program = join(folder, 'libmodbus-server');
  const include = HEADERS.map((header) => `-I${join(header, '..')}`);
  execFileSync('cc', ['-O1', ...include, '-o', program, SOURCE, '-lmodbus']);
  return program;
};

export interface LibmodbusServer {
  /** 0 on a serial port. */
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts the compiled server: `['tcp']`, `['tcp', 'only-23']` or `['rtu', path]`. */
export const startLibmodbusServer = async (
  program: string,
  parameters: readonly string[],
): Promise<LibmodbusServer> => {
  const child: ChildProcess = spawn(program, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  if (child.stdout === null) throw new Error('the server has no output');
  const [line]: unknown[] = await Promise.race([once(child.stdout, 'data'), ended]);
  return {
    port: Number(String(line)),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
