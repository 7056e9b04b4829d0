import { upTopic } from '../../agent/wire/topics.js';
import type { Random } from './random.js';

/** Names that have broken other brokers, each in its plain form. */
const CLASSICS = [
  '',
  '+',
  '#',
  '+/+',
  '+/#',
  '/',
  '//',
  '..',
  '../..',
  'a/b',
  '\0',
  '$SYS',
  '$SYS/#',
  '$SYS/broker/clients/connected',
  '$share/ingest/#',
  '$share/ingest/terroir/1/+/up/#',
  '$share//terroir',
  '$queue/terroir/1/+/up/#',
  '$CONTROL/dynamic-security/v1',
  '$aws/things',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'toString',
  'terroir',
  'terroir/1/#',
  'terroir/1/+/down/+',
  'terroir/1/+/up/batch',
  'null',
  'undefined',
  '%u',
  '%c',
  '${clientid}',
  '%00',
  "' or 1=1 --",
] as const;

/** Characters that look like a letter or digit of an id, or like nothing at all. */
const LOOK_ALIKES: Readonly<Record<string, readonly [string, ...string[]]>> = {
  a: ['а', 'ɑ', 'á', 'A', 'ａ'],
  b: ['Ь', 'B', 'ｂ'],
  e: ['е', 'é', 'E'],
  g: ['ɡ', 'G'],
  w: ['ԝ', 'W'],
  i: ['і', 'ı', 'I', 'l'],
  o: ['о', '0', 'O'],
  '0': ['O', 'о', '٠'],
  '1': ['l', 'I', '١'],
};
const INVISIBLE = [
  '\0',
  ' ',
  '\t',
  '\n',
  '\r',
  '\u00a0',
  '\u200b',
  '\u200d',
  '\u202e',
  '\ufeff',
  '\u0301',
] as const;
const PIECES = [
  'terroir',
  '1',
  '2',
  'up',
  'down',
  'batch',
  'status',
  'ack',
  '+',
  '#',
  '..',
  '.',
  '',
  '$SYS',
  '__proto__',
] as const;

const lookAlike = (random: Random, id: string): string => {
  const at = random.below(id.length);
  const twins = LOOK_ALIKES[id[at] ?? ''];
  const twin = twins === undefined ? `${id[at] ?? ''}\u0301` : random.pick(twins);
  return id.slice(0, at) + twin + id.slice(at + 1);
};

const withInvisible = (random: Random, text: string): string => {
  const at = random.pick([0, text.length, random.below(text.length + 1)]);
  return text.slice(0, at) + random.pick(INVISIBLE) + text.slice(at);
};

const path = (random: Random, ids: readonly [string, ...string[]]): string =>
  Array.from({ length: 1 + random.below(7) }, () =>
    random.below(4) === 0 ? random.pick(ids) : random.pick(PIECES),
  ).join('/');

/** One level of a topic replaced by something else, or one more, or one less. */
const bentTopic = (random: Random, topic: string): string => {
  const levels = topic.split('/');
  const at = random.below(levels.length);
  const other = random.pick([
    '+',
    '#',
    '..',
    '',
    '\0',
    '__proto__',
    'status',
    'batch',
    'ack',
    random.pick(CLASSICS),
  ]);
  levels.splice(at, random.pick([0, 1, 1, 1]), ...random.pick([[other], [other], []]));
  return levels.join('/');
};

/** Bytes that no text can be: MQTT asks for UTF-8 without NUL. */
const raw = (random: Random, id: string): Uint8Array =>
  random.pick([
    Buffer.concat([Buffer.from(id), Buffer.of(0xff)]),
    Buffer.concat([Buffer.of(0xc0, 0xaf), Buffer.from(id)]),
    Buffer.concat([Buffer.from(id.slice(0, 8)), Buffer.of(0xed, 0xa0, 0x80)]),
    random.bytes(1 + random.below(40)),
  ]);

/**
 * One hostile name: a classic, a victim's own, a look-alike, invisible characters, too long, a bent topic, bytes
 * that are no text. May by chance be one that is allowed; the caller knows which are.
 */
export const hostileName = (random: Random, victims: readonly [string, ...string[]]): string | Uint8Array => {
  const victim = random.pick(victims);
  switch (random.below(9)) {
    case 0:
      return random.pick(CLASSICS);
    case 1:
      return victim;
    case 2:
      return lookAlike(random, victim);
    case 3:
      return withInvisible(random, random.pick([victim, upTopic(victim, 'batch')]));
    case 4:
      return random.pick([victim, '+/', 'a']).repeat(1 + random.below(60));
    case 5:
      return path(random, victims);
    case 6:
      return bentTopic(random, upTopic(victim, 'batch'));
    case 7:
      return bentTopic(random, `terroir/1/${victim}/down/+`);
    default:
      return raw(random, victim);
  }
};
