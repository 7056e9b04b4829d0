/** Ids remembered; a queue hands over far fewer before it has its answers. */
const REMEMBERED = 32_768;

/** Calls by their id, so that one that is said again after a timeout works once. */
export interface CallIds {
  /** Runs `call`, or gives what the earlier call of this id gives, unless that failed. */
  once(id: string | undefined, call: () => Promise<void>): Promise<void>;
}

export const createCallIds = (): CallIds => {
  const calls = new Map<string, Promise<void>>();
  return {
    once: async (id, call) => {
      if (id === undefined) return call();
      const earlier = calls.get(id);
      if (earlier !== undefined) return earlier;
      const made = call();
      calls.set(id, made);
      made.catch(() => calls.delete(id));
      for (const [oldest] of calls) {
        if (calls.size <= REMEMBERED) break;
        calls.delete(oldest);
      }
      return made;
    },
  };
};
