import type { ViewsReader } from '../views-store.js';

type AtOnce<Method> = Method extends (...asked: infer Asked) => Promise<infer Answer>
  ? (...asked: Asked) => Answer
  : never;

/** What `ViewsReader` promises, as SQLite answers it: at once, but for what takes long. */
export type ViewsQueries = {
  readonly [Name in Exclude<keyof ViewsReader, 'latest' | 'deviceCounts' | 'close'>]: AtOnce<
    ViewsReader[Name]
  >;
};
