/** Where a command writes: results to stdout, explanations to stderr. */
export interface Output {
  readonly print: (text: string) => void;
  readonly explain: (text: string) => void;
}

/** Prints a result as JSON or as text for people. */
export const printResult = <T>(
  output: Output,
  result: T,
  json: boolean,
  render: (result: T) => string,
): void => output.print(json ? JSON.stringify(result, null, 2) : render(result));
