import type { Static, TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Configuration } from '../twin/configuration.js';
import { AgentRefusal, type AgentQuestion } from './agent-questions.js';
import { LocalError } from './errors.js';
import { askAgent } from './status-socket.js';

/**
 * Asks the agent that runs on the configuration's data folder; `undefined` where none runs. Rejects with `LocalError`:
 * 'refused' with its reason, 'silent' where it gives no answer, 'usage' where it runs another version of the file.
 */
export const askRunningAgent = async <T extends TSchema>(
  { dataFolder, version }: Pick<Configuration, 'dataFolder' | 'version'>,
  question: AgentQuestion,
  schema: T,
  signal: AbortSignal,
): Promise<Static<T> | undefined> => {
  const text = await askAgent(dataFolder, question, signal);
  if (text === undefined) return undefined;
  if (text === '') throw new LocalError('silent', `the agent of ${dataFolder} is starting or stopping`);
  const answer: unknown = JSON.parse(text);
  if (Value.Check(AgentRefusal, answer)) throw new LocalError('refused', answer.refused);
  if (!Value.Check(schema, answer))
    throw new LocalError(
      'silent',
      `the agent of ${dataFolder} answers something else; is it another version?`,
    );
  if (typeof answer === 'object' && answer !== null && 'version' in answer && answer.version !== version)
    throw new LocalError(
      'usage',
      `the agent that runs on ${dataFolder} has another version of this configuration; restart it first`,
    );
  return answer;
};
