import { readTerms, type Term } from './erlang-terms.js';

/** What a client asks of the broker; a shared subscription is asked without its `$share/<group>/`. */
export interface Asked {
  readonly username: string;
  readonly action: 'publish' | 'subscribe';
  readonly qos: number;
  readonly retain?: boolean;
  readonly topic: string;
}

/** Judges as EMQX's file authorizer does: the first rule that matches; where none does, `no_match`, deny. */
export const emqxRules = (text: string): ((asked: Asked) => boolean) => {
  const rules = readTerms(text).map(ruleOf);
  return (asked) => rules.find((rule) => rule.matches(asked))?.allows ?? false;
};

interface Rule {
  readonly allows: boolean;
  matches(asked: Asked): boolean;
}

const ruleOf = (term: Term): Rule => {
  const parts = tupleOf(term);
  const [permission, who, action, topics] = parts;
  const allows = atomOf(permission) === 'allow';
  if (!allows && atomOf(permission) !== 'deny') throw new Error('allow or deny');
  if (parts.length === 2 && atomOf(who) === 'all') {
    return { allows, matches: ({ topic }) => matches(wordsOf(topic), ['#']) };
  }
  if (parts.length !== 4) throw new Error('a rule has two parts or four');
  const [isHim, isThis, isThere] = [whoOf(who), actionOf(action), topicsOf(topics)];
  return { allows, matches: (asked) => isHim(asked) && isThis(asked) && isThere(asked) };
};

type Test = (asked: Asked) => boolean;

const whoOf = (term: Term | undefined): Test => {
  if (term !== undefined && 'atom' in term && term.atom === 'all') return () => true;
  const [key, name] = tupleOf(term);
  if (atomOf(key) !== 'username') throw new Error(`who: ${atomOf(key)}`);
  const wanted = stringOf(name);
  return ({ username }) => username === wanted;
};

const actionOf = (term: Term | undefined): Test => {
  if (term !== undefined && 'atom' in term) {
    if (!['publish', 'subscribe', 'all'].includes(term.atom)) throw new Error(`action: ${term.atom}`);
    return ({ action }) => term.atom === 'all' || action === term.atom;
  }
  const [kind, options] = tupleOf(term);
  const wanted = atomOf(kind);
  const given = new Map(listOf(options).map((option) => optionOf(option)));
  const allowed = wanted === 'publish' ? ['qos', 'retain'] : ['qos'];
  if ([...given.keys()].some((key) => !allowed.includes(key))) throw new Error(`options of ${wanted}`);
  return ({ action, qos, retain = false }) =>
    action === wanted &&
    [undefined, String(qos)].includes(given.get('qos')) &&
    [undefined, String(retain)].includes(given.get('retain'));
};

const optionOf = (term: Term): [key: string, value: string] => {
  const [key, value] = tupleOf(term);
  if (value !== undefined && 'integer' in value) return [atomOf(key), String(value.integer)];
  return [atomOf(key), atomOf(value)];
};

/** `{eq, Filter}` is that filter itself, without placeholders; anything else matches by its wildcards. */
const topicsOf = (term: Term | undefined): Test => {
  const tests = listOf(term).map((each): Test => {
    if ('tuple' in each) {
      const [key, filter] = each.tuple;
      if (atomOf(key) !== 'eq') throw new Error('eq');
      const wanted = stringOf(filter);
      return ({ topic }) => topic === wanted;
    }
    const pattern = stringOf(each);
    return ({ topic, username }) =>
      matches(wordsOf(topic), wordsOf(pattern.replaceAll('${username}', username)));
  });
  return (asked) => tests.some((test) => test(asked));
};

const wordsOf = (topic: string): string[] => topic.split('/');

/** `asked` may be a filter: its wildcards are words like others. No wildcard stands for a first word with a `$`. */
const matches = (asked: readonly string[], filter: readonly string[]): boolean =>
  !(asked[0]?.startsWith('$') === true && ['+', '#'].includes(filter[0] ?? '')) && tail(asked, filter);

const tail = (asked: readonly string[], filter: readonly string[]): boolean => {
  const [wanted] = filter;
  if (wanted === '#') return true;
  if (wanted === undefined || asked[0] === undefined) return wanted === asked[0];
  return (wanted === '+' || wanted === asked[0]) && tail(asked.slice(1), filter.slice(1));
};

const tupleOf = (term: Term | undefined): readonly Term[] => {
  if (term !== undefined && 'tuple' in term) return term.tuple;
  throw new Error('a tuple is wanted');
};
const listOf = (term: Term | undefined): readonly Term[] => {
  if (term !== undefined && 'list' in term) return term.list;
  throw new Error('a list is wanted');
};
const atomOf = (term: Term | undefined): string => {
  if (term !== undefined && 'atom' in term) return term.atom;
  throw new Error('an atom is wanted');
};
const stringOf = (term: Term | undefined): string => {
  if (term !== undefined && 'string' in term) return term.string;
  throw new Error('a string is wanted');
};
