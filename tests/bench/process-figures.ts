import { readFileSync } from 'node:fs';

/** The kernel's clock of `cpuTicks`. */
export const TICKS_PER_SECOND = 100;

/** User and system time of a process, ticks: fields 14 and 15 of proc(5), counted behind the command's name. */
export const cpuTicks = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
};

/** A size that the kernel states of a process, such as `VmRSS`, kB. */
export const statusKb = (pid: number, key: string): number =>
  Number(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
