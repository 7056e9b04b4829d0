import type { Progress } from './run.js';

/** What people see meanwhile: one line that changes on a terminal, one every ten seconds elsewhere. */
export interface ProgressLine {
  readonly run: (progress: Progress) => void;
  readonly text: (text: string) => void;
  end(): void;
}

const ELSEWHERE_MS = 10_000;

export const createProgressLine = (
  stream: Pick<NodeJS.WriteStream, 'isTTY' | 'write'>,
  quiet: boolean,
  now: () => number = () => performance.now(),
): ProgressLine => {
  let shown = false;
  let at = -Infinity;
  const text = (line: string): void => {
    if (quiet || (!stream.isTTY && now() - at < ELSEWHERE_MS)) return;
    at = now();
    shown = true;
    stream.write(stream.isTTY ? `\r\u001B[K${line}` : `${line}\n`);
  };
  return {
    text,
    run: (progress) => text(lineOf(progress)),
    end: () => {
      if (shown && stream.isTTY) stream.write('\r\u001B[K');
    },
  };
};

const lineOf = ({ gateways, enrolled, readings, planned, owed, resent, trouble }: Progress): string => {
  if (enrolled < gateways) return `enrolled ${enrolled} of ${gateways} gateways`;
  const share = planned === 0 ? '' : ` (${Math.floor((100 * readings) / planned)} %)`;
  const told = trouble === undefined ? '' : `; ${trouble}`;
  return `${readings.toLocaleString('en')} readings${share}, ${owed} batches without ack, ${resent} sent again${told}`;
};
