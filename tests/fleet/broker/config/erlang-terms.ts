/** An Erlang term as far as access rules use them: `{tuple}`, `[list]`, `"string"`, atom, integer. */
export type Term =
  | { readonly tuple: readonly Term[] }
  | { readonly list: readonly Term[] }
  | { readonly string: string }
  | { readonly atom: string }
  | { readonly integer: number };

const TOKEN = /\s+|%[^\n]*|"(?:[^"\\])*"|[a-z][a-zA-Z0-9_]*|\d+|[{}[\],.]/y;

const tokensOf = (text: string): string[] => {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const [token] = TOKEN.exec(text) ?? [];
    if (token === undefined) throw new Error(`no term at ${JSON.stringify(text.slice(at, at + 20))}`);
    if (!/^[\s%]/.test(token)) tokens.push(token);
  }
  return tokens;
};

/** The terms of a file, each ended by a full stop, as `file:consult/1` reads them. */
export const readTerms = (text: string): readonly Term[] => {
  const tokens = tokensOf(text);
  let at = 0;
  const expect = (token: string): void => {
    if (tokens[at] !== token) throw new Error(`${tokens[at] ?? 'the end'} where ${token} should be`);
    at += 1;
  };
  const several = (end: string): Term[] => {
    const found: Term[] = [];
    while (tokens[at] !== end) {
      if (found.length > 0) expect(',');
      found.push(term());
    }
    expect(end);
    return found;
  };
  const term = (): Term => {
    const token = tokens[at] ?? '';
    at += 1;
    if (token === '{') return { tuple: several('}') };
    if (token === '[') return { list: several(']') };
    if (token.startsWith('"')) return { string: token.slice(1, -1) };
    if (/^\d/.test(token)) return { integer: Number(token) };
    if (/^[a-z]/.test(token)) return { atom: token };
    throw new Error(`${token || 'the end'} where a term should be`);
  };
  const terms: Term[] = [];
  while (at < tokens.length) {
    terms.push(term());
    expect('.');
  }
  return terms;
};
