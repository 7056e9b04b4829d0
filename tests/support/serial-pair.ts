import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.js';

export interface SerialPair {
  readonly paths: readonly [string, string];
  /** Pulls the cable: both ports vanish. */
  pull(): Promise<void>;
}

/** Two serial ports joined by a cable, `a` and `b` in a folder, through socat. */
export const plugSerialPair = async (folder: string): Promise<SerialPair> => {
  const paths = [join(folder, 'a'), join(folder, 'b')] as const;
  const socat = spawn(
    'socat',
    paths.map((path) => `pty,raw,echo=0,link=${path}`),
  );
  const ended = new Promise<void>((resolve) => socat.once('exit', () => resolve()));
  await eventually(() => paths.every((path) => existsSync(path)), 5000);
  return {
    paths,
    pull: () => {
      socat.kill();
      return ended;
    },
  };
};
