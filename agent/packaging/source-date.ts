import { spawnSync } from 'node:child_process';

/**
 * The time that what is made of these sources bears: `SOURCE_DATE_EPOCH` where it is set, as distributors do, else that of
 * the last commit; without either, now.
 */
export const sourceDate = (project: string, environment: NodeJS.ProcessEnv): Date => {
  const { SOURCE_DATE_EPOCH: set } = environment;
  if (set !== undefined) {
    if (!/^\d+$/.test(set)) throw new Error('SOURCE_DATE_EPOCH is a number of seconds');
    return new Date(Number(set) * 1_000);
  }
  const { status, stdout } = spawnSync('git', ['log', '-1', '--format=%ct'], {
    cwd: project,
    encoding: 'utf8',
  });
  return status === 0 && stdout.trim() !== '' ? new Date(Number(stdout) * 1_000) : new Date();
};
