const TIMESYNCD_MARK = '/run/systemd/timesync/synchronized';
const ASK_EVERY_MS = 60_000;

export interface DisciplineDeps {
  /** Standard output of a program, or `undefined` where it is missing, fails, or does not answer in time. */
  readonly run: (program: string, args: readonly string[]) => Promise<string | undefined>;
  readonly exists: (path: string) => boolean;
  /** Calls back every `ms` until the function that it gives is called. */
  readonly every: (ms: number, callback: () => void) => () => void;
}

export interface Discipline {
  /** Whether the system says that its wall clock follows a source. */
  readonly disciplined: () => boolean;
  readonly stop: () => void;
}

/** The kernel's state (adjtimex), as systemd tells it: set by timesyncd, chrony and ntpd alike. */
const askSystemd = async ({ run }: DisciplineDeps): Promise<boolean | undefined> => {
  const answer = await run('timedatectl', ['show', '-p', 'NTPSynchronized', '--value']);
  const text = answer?.trim();
  return text === 'yes' ? true : text === 'no' ? false : undefined;
};

/** chronyc(1), `-c tracking`: comma-separated, the last field is the leap status. */
const askChrony = async ({ run }: DisciplineDeps): Promise<boolean | undefined> => {
  const answer = await run('chronyc', ['-c', 'tracking']);
  const leap = answer?.trim().split(',').at(-1);
  return leap === undefined || leap === '' ? undefined : leap !== 'Not synchronised';
};

/**
 * Follows what the system says of its clock: systemd's word, asked once a minute in the background; where there is
 * none, chrony's; else timesyncd's mark in `/run`.
 */
export const watchDiscipline = (deps: DisciplineDeps): Discipline => {
  let answer: boolean | undefined;
  let asking = false;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    answer = (await askSystemd(deps)) ?? (await askChrony(deps));
    asking = false;
  };
  void ask();
  const stop = deps.every(ASK_EVERY_MS, () => void ask());
  return { disciplined: () => answer ?? deps.exists(TIMESYNCD_MARK), stop };
};
