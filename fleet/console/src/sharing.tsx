import { useEffect, useState } from 'preact/hooks';
import { AgreementCard } from './agreement-card';
import { Explain } from './explain';
import { sharingApi, type Dataset, type SharingState } from './sharing-api';
import { sharingTextsOf, type SharingTexts } from './sharing-texts';
import type { Language, Texts } from './texts';

interface Props {
  texts: Texts;
  language: Language;
}

/** Who gives what to whom: agreements to read, sign and leave; datasets; why something may be read or not. */
export const SharingPage = ({ texts, language }: Props) => {
  const [state, setState] = useState<SharingState>();
  const [fault, setFault] = useState(false);
  const refresh = () =>
    sharingApi.load().then(setState, () => {
      setFault(true);
    });
  useEffect(() => void refresh(), []);
  if (fault) return <p role="alert">{texts.unreachable}</p>;
  if (state === undefined) return <p role="status">{texts.loading}</p>;
  const words = sharingTextsOf(language);
  const common = { texts, words, language, state };
  return (
    <>
      <section aria-labelledby="agreements-title">
        <h2 id="agreements-title">{words.agreements}</h2>
        {state.agreements.length === 0 && <p>{words.noAgreement}</p>}
        {state.agreements.map((agreement) => (
          <AgreementCard key={agreement.id} {...common} agreement={agreement} onDone={refresh} />
        ))}
      </section>
      <Datasets words={words} language={language} state={state} />
      <Explain {...common} />
    </>
  );
};

const Datasets = ({
  words,
  language,
  state: { datasets, person },
}: {
  words: SharingTexts;
  language: Language;
  state: SharingState;
}) => (
  <section aria-labelledby="datasets-title">
    <h2 id="datasets-title">{words.datasets}</h2>
    {datasets.length === 0 && <p>{words.noDataset}</p>}
    <ul class="rows">
      {datasets.map((dataset) => (
        <li key={dataset.id}>
          <span>
            {titleOf(dataset, language)} <code>{dataset.id}</code>
          </span>
          <span>
            {dataset.organisationId === person.organisationId ? words.mine : words.ofOthers} –{' '}
            {words.audiences[dataset.audience]}
          </span>
        </li>
      ))}
    </ul>
  </section>
);

const titleOf = ({ title }: Dataset, language: Language): string =>
  language === 'en' ? (title.en ?? title.fr) : title.fr;
