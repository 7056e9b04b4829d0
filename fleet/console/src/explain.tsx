import { useState } from 'preact/hooks';
import { Form } from './form';
import { formatMoment } from './format';
import { sharingApi, type Decision, type Finest, type SharingState } from './sharing-api';
import type { SharingTexts } from './sharing-texts';
import type { Language, Texts } from './texts';

interface Props {
  texts: Texts;
  words: SharingTexts;
  language: Language;
  state: SharingState;
}

const FINEST: readonly Finest[] = ['raw', '1m', '15m', '1h', '1d'];

/** Why something may be read or not, clause by clause. */
export const Explain = ({ texts, words, language, state }: Props) => {
  const [decision, setDecision] = useState<Decision>();
  const ask = async (field: (name: string) => string) => {
    const id = field('what').trim();
    const target = state.datasets.some((dataset) => dataset.id === id) ? { dataset: id } : { point: id };
    const resolution = FINEST.find((name) => name === field('resolution')) ?? 'raw';
    setDecision(await sharingApi.explain({ ...target, purpose: field('purpose'), resolution }));
  };
  return (
    <section aria-labelledby="explain-title" class="narrow">
      <h2 id="explain-title">{words.why}</h2>
      <Form texts={texts} label={words.explain} onSubmit={ask}>
        <label>
          {words.what}
          <input name="what" type="text" list="explainable" autocomplete="off" required />
        </label>
        <datalist id="explainable">
          {state.datasets.map(({ id, title }) => (
            <option key={id} value={id} label={title.fr} />
          ))}
          {state.points.map(({ id, name, deviceName }) => (
            <option key={id} value={id} label={`${deviceName}, ${name}`} />
          ))}
        </datalist>
        <label>
          {texts.purpose}
          <select name="purpose">
            {Object.entries(texts.purposes).map(([purpose, text]) => (
              <option key={purpose} value={purpose}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <label>
          {words.resolution}
          <select name="resolution">
            {FINEST.map((name) => (
              <option key={name} value={name}>
                {words.resolutions[name]}
              </option>
            ))}
          </select>
        </label>
      </Form>
      {decision !== undefined && (
        <Answer words={words} language={language} state={state} decision={decision} />
      )}
    </section>
  );
};

const Answer = ({ words, language, state, decision }: Omit<Props, 'texts'> & { decision: Decision }) => {
  const { outcome, own, given, clauses } = decision;
  return (
    <div role="status">
      <p>
        <strong>{words.outcomes[outcome]}</strong> {own && words.own}
        {!own && clauses.length === 0 && words.nothingAbout}
      </p>
      <ul>
        {given.map(({ from, to, finest }) => (
          <li key={`${from} ${finest}`}>
            {words.givenFrom(
              formatMoment(from, language),
              formatMoment(to, language),
              words.resolutions[finest],
            )}
          </li>
        ))}
        {clauses.map((ground) => (
          <li key={`${ground.agreementId} ${ground.clause} ${ground.datasetId}`}>
            {groundText(ground, words, state)}
          </li>
        ))}
      </ul>
    </div>
  );
};

const groundText = (
  { agreementId, clause, datasetId, gives, limits }: Decision['clauses'][number],
  words: SharingTexts,
  { agreements, datasets }: SharingState,
): string => {
  const dataset = datasets.find(({ id }) => id === datasetId)?.title.fr ?? datasetId;
  const title = agreements.find(({ id }) => id === agreementId)?.versions.at(-1)?.terms.title.fr;
  const what =
    agreementId === null ? words.openDataset(dataset) : words.clauseOf(title ?? agreementId, clause ?? '');
  const why = limits.map((limit) => words.limits[limit] ?? limit).join(' ; ');
  return `${what} ${gives ? words.givesIt : words.givesNot}${why === '' ? '.' : ` : ${why}.`}`;
};
