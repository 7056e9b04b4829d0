import { execFile } from 'node:child_process';

const TELL_TIMEOUT_MS = 10_000;

/** Who started the agent and watches it: systemd, by sd_notify(3). */
export interface ServiceManager {
  /** Silence that is taken for the agent's death, ms; absent where nobody watches. */
  readonly watchdogMs?: number;
  /** Says assignments such as `READY=1`; gives whether that was heard. */
  tell(...assignments: readonly string[]): Promise<boolean>;
}

/** The watchdog's period, where it is meant for this process and not for the one that started it. */
const watchdogOf = (environment: NodeJS.ProcessEnv, pid: number): { readonly watchdogMs?: number } => {
  const { WATCHDOG_USEC: period, WATCHDOG_PID: meant } = environment;
  if (period === undefined || !/^[1-9]\d*$/.test(period)) return {};
  if (meant !== undefined && meant !== String(pid)) return {};
  return { watchdogMs: Number(period) / 1_000 };
};

/** What started this process, as its environment says; `undefined` where nobody wants to hear of it. */
export const serviceManager = (
  environment: NodeJS.ProcessEnv,
  pid: number,
  program = 'systemd-notify',
): ServiceManager | undefined => {
  const { NOTIFY_SOCKET: socket } = environment;
  if (socket === undefined || socket === '') return undefined;
  const env = { PATH: environment['PATH'] ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket };
  return {
    ...watchdogOf(environment, pid),
    tell: (...assignments) =>
      new Promise((resolve) => {
        execFile(program, [...assignments], { timeout: TELL_TIMEOUT_MS, env }, (error) => {
          resolve(error === null);
        }).unref();
      }),
  };
};
