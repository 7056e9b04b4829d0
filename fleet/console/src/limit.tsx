import type { Limit } from './api';
import { formatMoment } from './format';
import type { Language, Texts } from './texts';

interface Props {
  texts: Texts;
  language: Language;
  limit: Limit;
  site: string | null;
}

/** Where and when a role holds. */
export const LimitNote = ({ texts, language, limit: { from, to }, site }: Props) => {
  const parts = [
    site === null ? '' : texts.limitedTo(site),
    from === null ? '' : texts.limitedFrom(formatMoment(from, language)),
    to === null ? '' : texts.limitedUntil(formatMoment(to, language)),
  ];
  return <p>{texts.limited(parts.filter((part) => part !== '').join(' '))}</p>;
};
