/** What reads the fields of a line: a pattern, or columns. */
export interface LineLayout {
  /** Of the fields; `address` is the sender's. */
  readonly names: readonly string[];
  /** The text of each field; throws a `TelegramError` where the line is another. */
  readonly read: (text: string) => ReadonlyMap<string, string>;
}
