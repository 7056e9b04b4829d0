import { nearest } from './document/nearest.js';
import type { Report } from './document/yaml-document.js';
import type { OverrideFields, TelegramFields } from './profile-fields.js';
import type { Profile, ProfilePoint, TelegramVector } from './profile.js';

const rawOf = ({ raw, text }: TelegramFields): string =>
  raw === undefined
    ? Buffer.from(text ?? '', 'latin1').toString('hex')
    : raw.replaceAll(/\s/g, '').toLowerCase();

/** The telegrams of a profile, where it has some: each as bytes or as text (Latin-1), of points that there are. */
export const telegramsOf = (
  { telegrams }: OverrideFields,
  points: readonly ProfilePoint[],
  report: Report,
): Pick<Profile, 'telegrams'> => {
  if (telegrams === undefined) return {};
  const keys = points.map(({ key }) => key);
  const read = telegrams.map((telegram, index): TelegramVector => {
    const path = ['telegrams', String(index)];
    if ((telegram.raw === undefined) === (telegram.text === undefined))
      report(path, 'needs either raw (hexadecimal) or text', ['raw', 'text']);
    for (const key of Object.keys(telegram.values))
      if (!keys.includes(key)) report([...path, 'values', key], 'there is no such point', nearest(key, keys));
    const { values, cite, of } = telegram;
    return { raw: rawOf(telegram), values, cite, ...(of === undefined ? {} : { of }) };
  });
  return { telegrams: read };
};
