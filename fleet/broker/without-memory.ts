import { Readable } from 'node:stream';

/**
 * What aedes routes and keeps with, doing neither: nothing a gateway publishes reaches another, sessions are clean,
 * nothing is retained, and what must survive is in the fleet's databases. Calls back at once, so that a session is
 * gone entirely when its `close` returns.
 */
export const createNullEmitter = (): object => ({
  on: (_topic: string, _listener: unknown, done?: () => void): void => done?.(),
  removeListener: (_topic: string, _listener: unknown, done?: () => void): void => done?.(),
  emit: (_packet: unknown, done?: () => void): void => done?.(),
  close: (done?: () => void): void => done?.(),
});

const nothing = async (): Promise<void> => {};
const noRows = async (): Promise<readonly never[]> => [];
const emptyStream = (): Readable => Readable.from([]);

/** The part of aedes-persistence that clean sessions at QoS 1 call. */
export const createNullPersistence = (): object => ({
  setup: async (): Promise<void> => {},
  subscriptionsByTopic: noRows,
  cleanSubscriptions: nothing,
  cleanIncoming: nothing,
  outgoingEnqueueCombi: nothing,
  outgoingClearMessageId: nothing,
  outgoingStream: emptyStream,
  createRetainedStreamCombi: emptyStream,
  putWill: nothing,
  delWill: nothing,
  streamWill: emptyStream,
});
