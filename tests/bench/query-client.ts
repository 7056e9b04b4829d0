import { get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

/** Worker entry: asks over HTTP, so that reading the answers is no work of the loop that makes them. */

export interface Asked {
  readonly id: number;
  readonly url: string;
  readonly times: number;
}

export interface Answered {
  readonly id: number;
  /** Of each request, from its first byte to the last of its answer. */
  readonly ms: readonly number[];
  readonly lines: number;
}

const token = String(workerData);
const NEWLINE = 10;

const ask = (url: string): Promise<{ ms: number; lines: number }> =>
  new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const request = get(url, { headers: { authorization: `Bearer ${token}` } }, (response) => {
      let lines = 0;
      let refusal = '';
      response.on('data', (chunk: Buffer) => {
        if (response.statusCode !== 200) refusal += chunk.toString();
        for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, at + 1)) lines += 1;
      });
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`${url}: ${response.statusCode} ${refusal}`));
        else resolve({ ms: performance.now() - startedAt, lines });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
  });

const answer = async ({ id, url, times }: Asked): Promise<void> => {
  const ms: number[] = [];
  let lines = 0;
  for (let index = 0; index < times; index += 1) {
    const got = await ask(url);
    ms.push(got.ms);
    lines = got.lines;
  }
  parentPort?.postMessage({ id, ms, lines } satisfies Answered);
};

parentPort?.on('message', (asked: Asked) => {
  answer(asked).catch((error: unknown) => {
    // heard as the worker's error
    setImmediate(() => {
      throw error;
    });
  });
});
