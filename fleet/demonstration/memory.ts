import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Parse } from 'typebox/value';

/** What the demonstration must know again when it is started again. */
const MEMORY = Type.Object({
  /** Ports of the simulated lines. */
  ports: Type.Object({
    tcp: Type.Integer(),
    rtu: Type.Integer(),
    mbus: Type.Integer(),
    tic: Type.Integer(),
    nmea: Type.Integer(),
  }),
  /** The demonstration that runs, or ran last, on this folder. */
  process: Type.Integer(),
});

export type Memory = Static<typeof MEMORY>;

const ADMINISTRATOR = Type.Object({ login: Type.String(), password: Type.String() });

export const readMemory = (path: string): Memory | undefined =>
  existsSync(path) ? Parse(MEMORY, JSON.parse(readFileSync(path, 'utf8'))) : undefined;

export const writeMemory = (path: string, memory: Memory): void => {
  writeFileSync(path, `${JSON.stringify(memory, null, 2)}\n`, { mode: 0o600 });
};

/** The login that `terroir-fleet serve --first-administrator-file` left. */
export const readAdministrator = (path: string): Static<typeof ADMINISTRATOR> =>
  Parse(ADMINISTRATOR, JSON.parse(readFileSync(path, 'utf8')));

/** Whether a demonstration still runs as that process; another program may have its number by now. */
export const stillRuns = (pid: number): boolean => {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const commandLine = `/proc/${pid}/cmdline`;
  return !existsSync(commandLine) || readFileSync(commandLine, 'utf8').split('\0').includes('demo');
};

/** Agents dial the port that they were given when they enrolled; on this machine it may have changed since. */
export const moveBroker = (identityFile: string, port: number): void => {
  const identity = JSON.parse(readFileSync(identityFile, 'utf8')) as { broker: { port: number } };
  if (identity.broker.port === port) return;
  identity.broker.port = port;
  writeFileSync(identityFile, `${JSON.stringify(identity, null, 2)}\n`, { mode: 0o600 });
};
