import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** State of a listening TCP socket (Linux: include/net/tcp_states.h). */
const LISTEN = '0A';

const socketsOf = (pid: number): ReadonlySet<string> =>
  new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );

interface Entry {
  readonly local: string;
  readonly state: string;
  readonly inode: string;
}

/** proc(5), /proc/net/tcp: local address is the second column, state the fourth, inode the tenth. */
const entriesOf = (pid: number, table: string): readonly Entry[] =>
  readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .map(([, local = '', , state = '', , , , , , inode = '']) => ({ local, state, inode }));

/** Where a process can be reached from the network: TCP that listens, and any UDP, as `tcp6 0100007F:1F90`. */
export const openPorts = (pid: number): readonly string[] => {
  const own = socketsOf(pid);
  return ['tcp', 'tcp6', 'udp', 'udp6'].flatMap((table) =>
    entriesOf(pid, table)
      .filter(({ inode }) => own.has(inode))
      .filter(({ state }) => table.startsWith('udp') || state === LISTEN)
      .map(({ local }) => `${table} ${local}`),
  );
};
