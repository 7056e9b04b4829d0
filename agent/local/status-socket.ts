import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { isCode } from '../identity/durable-file.js';
import { parseQuestion, type AgentQuestion } from './agent-questions.js';
import { LocalError } from './errors.js';
import { RUNTIME_FOLDER, socketPlaces, type SocketPlace } from './socket-place.js';

const ANSWER_TIMEOUT_MS = 5_000;
/** A bus full of silent devices takes its time. */
const BUS_TIMEOUT_MS = 120_000;
const MAX_QUESTION_CHARACTERS = 4_096;
const MAX_ANSWER_CHARACTERS = 8 * 1024 * 1024;
/** A disk that takes no socket now may take one later. */
const REFUSED_BY_DISK = ['EROFS', 'ENOSPC', 'EDQUOT', 'EIO'] as const;

const timeoutOf = ({ ask }: AgentQuestion): number => (ask === 'status' ? ANSWER_TIMEOUT_MS : BUS_TIMEOUT_MS);

const listen = (server: Server, path: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });

const readAll = (path: string, question: AgentQuestion, signal?: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = '';
    const socket = createConnection(path);
    socket.setEncoding('utf8');
    socket.setTimeout(timeoutOf(question), () => socket.destroy(new Error('no answer in time')));
    const abort = (): void => void socket.destroy(new Error('stopped'));
    signal?.addEventListener('abort', abort, { once: true });
    socket.once('close', () => signal?.removeEventListener('abort', abort));
    socket.write(`${JSON.stringify(question)}\n`);
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > MAX_ANSWER_CHARACTERS) socket.destroy(new Error('the answer has no end'));
    });
    socket.once('error', reject);
    socket.once('end', () => resolve(text));
  });

/** What the agent of a data folder says of itself (JSON text), or `undefined` where none runs. */
export const askStatus = (dataFolder: string): Promise<string | undefined> =>
  askAgent(dataFolder, { ask: 'status' });

/** What the agent of a data folder answers (JSON text), or `undefined` where none runs. Rejects with `LocalError`. */
export const askAgent = async (
  dataFolder: string,
  question: AgentQuestion,
  signal?: AbortSignal,
  runtimeFolder = RUNTIME_FOLDER,
): Promise<string | undefined> => {
  const places = socketPlaces(dataFolder, runtimeFolder);
  try {
    for (const { path } of places) {
      const answered = await askAt(path, dataFolder, question, signal);
      if (answered !== undefined) return answered;
    }
    return undefined;
  } finally {
    for (const { release } of places) release();
  }
};

const askAt = async (
  path: string,
  dataFolder: string,
  question: AgentQuestion,
  signal: AbortSignal | undefined,
): Promise<string | undefined> => {
  try {
    return await readAll(path, question, signal);
  } catch (cause) {
    if (isCode(cause, 'ENOENT') || isCode(cause, 'ECONNREFUSED')) return undefined;
    if (isCode(cause, 'EACCES')) {
      throw new LocalError('denied', `the agent of ${dataFolder} belongs to another user; use sudo`, {
        cause,
      });
    }
    throw new LocalError('silent', `the agent of ${dataFolder} does not answer`, { cause });
  }
};

/** Answers one question; the signal aborts when the one who asked has gone. */
export type AnswerQuestion = (question: AgentQuestion, signal: AbortSignal) => Promise<unknown>;

const answer = (socket: Socket, question: AgentQuestion | undefined, report: AnswerQuestion): void => {
  if (question === undefined) return void socket.destroy();
  const gone = new AbortController();
  socket.once('close', () => gone.abort());
  socket.setTimeout(timeoutOf(question), () => socket.destroy());
  report(question, gone.signal).then(
    (document) => socket.end(`${JSON.stringify(document)}\n`),
    () => socket.destroy(),
  );
};

/** The first line is the question. */
const listenTo = (socket: Socket, report: AnswerQuestion): void => {
  let text = '';
  socket.setEncoding('utf8');
  socket.on('error', () => socket.destroy());
  socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
  const hear = (part: string): void => {
    text += part;
    const end = text.indexOf('\n');
    if (end < 0 && text.length <= MAX_QUESTION_CHARACTERS) return;
    socket.off('data', hear).resume();
    answer(socket, end < 0 ? undefined : parseQuestion(text.slice(0, end)), report);
  };
  socket.on('data', hear);
};

export interface StatusSocket {
  close(): Promise<void>;
}

/**
 * Answers each question (one line of JSON) on `<data folder>/agent.sock` (mode 0600) with one JSON document, or on a socket of the
 * runtime folder where the disk takes none. The socket is also the mark of the folder's one agent: rejects with `LocalError`
 * 'running' where another agent holds it, and with 'no-socket' where neither place takes one.
 */
export const openStatusSocket = async (
  dataFolder: string,
  report: AnswerQuestion,
  runtimeFolder = RUNTIME_FOLDER,
): Promise<StatusSocket> => {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    listenTo(socket, report);
  });
  const places = socketPlaces(dataFolder, runtimeFolder);
  const release = (): void => {
    for (const place of places) place.release();
  };
  try {
    await listenAlone(server, places, dataFolder);
  } catch (cause) {
    server.close();
    release();
    throw cause;
  }
  return {
    close: () =>
      new Promise((resolve) => {
        for (const socket of open) socket.destroy();
        server.close(() => {
          release();
          resolve();
        });
      }),
  };
};

/** Listens at the first place that takes a socket. */
const listenAlone = async (
  server: Server,
  places: readonly SocketPlace[],
  dataFolder: string,
): Promise<void> => {
  for (const { path } of places) {
    if (!(await isAnswered(path))) continue;
    throw new LocalError('running', `another agent runs on ${dataFolder}; stop it first`);
  }
  let refused: unknown;
  for (const { path } of places) {
    try {
      await listenAt(server, path, dataFolder);
      chmodSync(path, 0o600);
      return;
    } catch (cause) {
      if (!REFUSED_BY_DISK.some((code) => isCode(cause, code))) throw cause;
      refused ??= cause;
    }
  }
  throw new LocalError('no-socket', `the disk of ${dataFolder} takes no socket now`, { cause: refused });
};

const listenAt = async (server: Server, path: string, dataFolder: string): Promise<void> => {
  try {
    await listen(server, path);
  } catch (cause) {
    if (!isCode(cause, 'EADDRINUSE')) throw cause;
    if (await isAnswered(path)) {
      throw new LocalError('running', `another agent runs on ${dataFolder}; stop it first`);
    }
    // Left by an agent that was killed.
    rmSync(path, { force: true });
    await listen(server, path);
  }
};

const isAnswered = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection(path);
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    // Anything but a refusal may be an agent that is only busy, or another user's.
    socket.once('error', (error) => settle(!isCode(error, 'ECONNREFUSED') && !isCode(error, 'ENOENT')));
  });
