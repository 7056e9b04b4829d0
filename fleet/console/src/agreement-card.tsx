import { useState } from 'preact/hooks';
import { conditionsText } from './conditions-text';
import { Field, Form } from './form';
import { formatMoment } from './format';
import { sharingApi, type Agreement, type Clause, type SharingState, type Version } from './sharing-api';
import type { SharingTexts } from './sharing-texts';
import type { Language, Texts } from './texts';

interface Props {
  texts: Texts;
  words: SharingTexts;
  language: Language;
  state: SharingState;
  agreement: Agreement;
  onDone: () => Promise<void>;
}

/** One agreement in plain words, and what one may do about it now. */
export const AgreementCard = (props: Props) => {
  const { words, language, agreement } = props;
  const { versions, status, open, inForce } = agreement;
  const shown = versions.filter(({ number }) => number === inForce || number === open);
  const last = versions.at(-1);
  const parts = shown.length === 0 && last !== undefined ? [last] : shown;
  const title = parts.at(-1)?.terms.title;
  return (
    <article class="agreement" data-agreement={agreement.id}>
      <h3>{language === 'en' ? (title?.en ?? title?.fr) : title?.fr}</h3>
      <p class="hint">
        {words.statuses[status]} – <code>{agreement.id}</code>
      </p>
      {parts.map((version) => (
        <VersionText key={version.number} {...props} version={version} many={parts.length > 1} />
      ))}
      <Acts {...props} />
    </article>
  );
};

const VersionText = ({ version, many, ...props }: Props & { version: Version; many: boolean }) => {
  const { words, language, agreement } = props;
  const { terms, signers, signatures, number } = version;
  const general = conditionsText(terms.conditions, words, language);
  const moment = (ms: number) => formatMoment(new Date(ms).toISOString(), language);
  return (
    <>
      {many && (
        <h4>
          {words.version(number)} – {words.statuses[number === agreement.open ? 'proposed' : 'in-force']}
        </h4>
      )}
      {terms.text !== undefined && (
        <details>
          <summary>{words.readText}</summary>
          <p class="text">{terms.text.fr}</p>
        </details>
      )}
      <ul>
        {terms.clauses.map((clause) => (
          <li key={clause.key}>{clauseText(clause, version, props)}</li>
        ))}
      </ul>
      <p>
        {terms.to === null ? words.noEnd : words.ends(moment(terms.to))} {general}
      </p>
      <ul class="rows">
        {terms.parties.map(({ organisationId, name }) => {
          const signature = signatures.find((each) => each.organisationId === organisationId);
          const leftAt = agreement.parties.find(
            (party) => party.organisationId === organisationId,
          )?.withdrawnAt;
          return (
            <li key={organisationId}>
              <span>{name}</span>
              <span>
                {signature !== undefined &&
                  words.signedBy(signature.name, formatMoment(signature.at, language))}
                {signature === undefined && signers.includes(organisationId) && words.notSigned}
                {typeof leftAt === 'string' && ` – ${words.left(formatMoment(leftAt, language))}`}
              </span>
            </li>
          );
        })}
      </ul>
    </>
  );
};

const clauseText = (
  { giver, dataset, receivers, purposes, conditions }: Clause,
  { terms }: Version,
  { texts, words, language, state }: Props,
): string => {
  const nameOf = (id: string) =>
    terms.parties.find(({ organisationId }) => organisationId === id)?.name ?? id;
  const title = state.datasets.find(({ id }) => id === dataset)?.title.fr ?? dataset;
  const to = receivers === 'parties' ? words.theOthers : receivers.map(nameOf).join(', ');
  const named = purposes.map((purpose) => texts.purposes[purpose] ?? purpose).join(', ');
  const limits = conditionsText(conditions, words, language);
  return `${words.gives(nameOf(giver), title, to)}, ${words.forPurposes(named)}${limits === '' ? '' : ` ; ${limits}`}.`;
};

/** Signing and leaving are for an owner of the party itself, and asked for twice. */
const Acts = ({ texts, words, state, agreement, onDone }: Props) => {
  const [asked, setAsked] = useState<'sign' | 'withdraw'>();
  const { role, organisationId: own } = state.person;
  const { id, status, versions, parties, open } = agreement;
  const waiting = status === 'draft' ? undefined : versions.find(({ number }) => number === open);
  const bound = parties.some((party) => party.organisationId === own && party.withdrawnAt === null);
  const maySign =
    waiting?.signers.includes(own) === true &&
    !waiting.signatures.some(({ organisationId }) => organisationId === own);
  const mayLeave = (bound || maySign) && ['proposed', 'signed', 'in-force'].includes(status);
  if (role !== 'owner' || (!maySign && !mayLeave)) return null;
  const act = async (field: (name: string) => string) => {
    if (asked === 'sign') await sharingApi.sign(id, waiting?.number ?? 0);
    else await sharingApi.withdraw(id, field('reason'));
    setAsked(undefined);
    await onDone();
  };
  if (asked === undefined) {
    return (
      <div class="buttons">
        {maySign && (
          <button type="button" onClick={() => setAsked('sign')}>
            {words.sign}
          </button>
        )}
        {mayLeave && (
          <button type="button" onClick={() => setAsked('withdraw')}>
            {words.withdraw}
          </button>
        )}
      </div>
    );
  }
  return (
    <div class="narrow">
      <Form key={asked} texts={texts} label={words.confirm} onSubmit={act}>
        <p>{asked === 'sign' ? words.signConfirm(waiting?.number ?? 0) : words.withdrawConfirm}</p>
        {asked === 'withdraw' && (
          <Field name="reason" label={words.reason} autocomplete="off" optional first />
        )}
        <button type="button" onClick={() => setAsked(undefined)}>
          {words.cancel}
        </button>
      </Form>
    </div>
  );
};
