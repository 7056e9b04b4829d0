/** What an interface promises, as SQLite answers it: at once. */
export type AtOnce<Interface> = {
  readonly [Name in keyof Interface]: Interface[Name] extends (...asked: infer Asked) => Promise<infer Answer>
    ? (...asked: Asked) => Answer
    : Interface[Name];
};
