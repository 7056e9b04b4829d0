import { createInterface } from 'node:readline';
import { LocalError } from '../errors.js';

/** Questions to the person at the terminal, one after the other. */
export interface Questions {
  /** Asks until something is answered. `option` is what could have been given instead. */
  ask(question: string, option: string): Promise<string>;
  close(): void;
}

interface Terminals {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

const nobody = (option: string): never => {
  throw new LocalError('usage', `give ${option}, or answer on a terminal`);
};

/**
 * One reader for all the questions, so that what was typed or pasted ahead is not lost between two of them. `ask`
 * rejects with a `LocalError` 'usage' where nobody can answer: no terminal, or the end of its input (Ctrl-D).
 */
export const createQuestions = ({ input, output }: Terminals): Questions => {
  const reader = input.isTTY ? createInterface({ input, output }) : undefined;
  const lines = reader?.[Symbol.asyncIterator]();
  return {
    ask: async (question, option) => {
      if (reader === undefined || lines === undefined) return nobody(option);
      for (;;) {
        reader.setPrompt(`${question}: `);
        reader.prompt();
        const line = await lines.next();
        if (line.done === true) return nobody(option);
        const answer = line.value.trim();
        if (answer !== '') return answer;
      }
    },
    close: () => reader?.close(),
  };
};
