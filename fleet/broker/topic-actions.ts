import type { UpKind } from '#wire/topics.js';
import type { Action } from '../access/actions.js';

/** What a gateway does by publishing to each of its topics. */
export const TOPIC_ACTIONS: Readonly<Record<UpKind, Action>> = {
  batch: 'send-batch',
  directory: 'send-directory',
  hello: 'send-hello',
  status: 'send-status',
  health: 'send-health',
  result: 'send-result',
};

/** What it does by subscribing to what is meant for it. */
export const HEAR: Action = 'hear-fleet';
