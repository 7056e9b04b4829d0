import { stringify } from 'yaml';
import { renderTable } from '../../access/table.js';
import type { Status } from '../agreement.js';
import { receiversOf, type Clause, type Party, type Terms } from '../terms.js';
import { conditionsText, timeText } from './words.js';

/** An agreement as the fleet answers it. */
export interface SeenAgreement {
  readonly id: string;
  readonly status: Status;
  readonly inForce: number | null;
  readonly open: number | null;
  readonly versions: readonly SeenVersion[];
  readonly parties: readonly (Party & {
    readonly withdrawnAt: string | null;
    readonly agreesToEnd: boolean;
  })[];
  readonly invited: readonly Party[];
}

interface SeenVersion {
  readonly number: number;
  readonly terms: Terms;
  readonly signers: readonly string[];
  readonly signatures: readonly {
    readonly organisationId: string;
    readonly at: string;
    readonly name: string;
    readonly role: string;
  }[];
  readonly sealedAt: string | null;
  readonly droppedAt: string | null;
}

const STATUS_TEXT: Readonly<Record<Status, string>> = {
  draft: 'a draft, which only its drafter sees',
  proposed: 'waits for signatures',
  signed: 'signed by all; its term has not begun',
  'in-force': 'in force',
  withdrawn: 'of no effect: too few parties are left, or it was taken back',
  ended: 'ended',
};

/** What it says, for whoever is to sign it. */
export const renderAgreement = (agreement: SeenAgreement): string => {
  const { id, status, versions, invited } = agreement;
  const shown = versions.filter(({ number }) => number === agreement.inForce || number === agreement.open);
  const last = versions.at(-1);
  const parts = shown.length === 0 && last !== undefined ? [last] : shown;
  return [
    `Agreement ${id}: ${STATUS_TEXT[status]}\n`,
    ...parts.map((version) => versionText(agreement, version)),
    invited.length === 0 ? '' : `\nInvited: ${invited.map(({ name }) => name).join(', ')}\n`,
  ].join('');
};

const versionText = (agreement: SeenAgreement, version: SeenVersion): string => {
  const { number, terms } = version;
  const { title, text, conditions, from, to, accession } = terms;
  const general = conditionsText(conditions);
  const which = agreement.inForce === number ? 'in force' : agreement.open === number ? 'waits' : 'past';
  return [
    `\nVersion ${number} (${which}): ${title.fr}${title.en === undefined ? '' : ` / ${title.en}`}\n`,
    `  from ${from === 0 ? 'the last signature' : timeText(from)} ${to === null ? 'without end' : `to ${timeText(to)}`}`,
    accession === 'open'
      ? '; who is invited joins by their own signature\n'
      : '; who joins needs all signatures\n',
    text === undefined ? '' : `\n${indent(text.fr)}\n`,
    '\n',
    ...terms.clauses.map((clause) => `  ${clauseText(clause, terms)}\n`),
    general === '' ? '' : `  For all of it: ${general}.\n`,
    '\n',
    renderTable([['PARTY', 'ID', 'SIGNED', 'BY', ''], ...signatureRows(agreement, version)]),
  ].join('');
};

const indent = (text: string): string =>
  text
    .trim()
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');

const clauseText = (clause: Clause, { parties }: Terms): string => {
  const nameOf = (id: string): string =>
    parties.find(({ organisationId }) => organisationId === id)?.name ?? id;
  const to =
    clause.receivers === 'parties' ? 'all others' : receiversOf(clause, parties).map(nameOf).join(', ');
  const limits = conditionsText(clause.conditions);
  return (
    `${clause.key}: ${nameOf(clause.giver)} gives dataset ${clause.dataset} to ${to}, ` +
    `for ${clause.purposes.join(', ')}${limits === '' ? '' : `; ${limits}`}.`
  );
};

const signatureRows = (
  { parties }: SeenAgreement,
  { terms, signers, signatures }: SeenVersion,
): readonly (readonly string[])[] =>
  [...new Set([...terms.parties.map(({ organisationId }) => organisationId), ...signers])].map((id) => {
    const party = [...terms.parties, ...parties].find(({ organisationId }) => organisationId === id);
    const left = parties.find(({ organisationId }) => organisationId === id);
    const signature = signatures.find(({ organisationId }) => organisationId === id);
    const needed = signers.includes(id) ? 'not yet' : 'before';
    return [
      party?.name ?? id,
      id,
      signature === undefined ? needed : timeText(Date.parse(signature.at)),
      signature === undefined ? '' : `${signature.name}, ${signature.role}`,
      left === undefined || left.withdrawnAt === null
        ? left?.agreesToEnd === true
          ? 'agrees that it ends'
          : ''
        : `withdrew ${timeText(Date.parse(left.withdrawnAt))}`,
    ];
  });

/** Terms as YAML, to be changed and handed in again. */
export const writeTerms = ({ versions }: SeenAgreement): string => {
  const terms = versions.at(-1)?.terms;
  if (terms === undefined) return '';
  const { from, to } = terms;
  return stringify({
    ...terms,
    from: new Date(from).toISOString(),
    to: to === null ? null : new Date(to).toISOString(),
  });
};

interface SeenEvent {
  readonly number: number;
  readonly at: string;
  readonly organisationId: string;
  readonly type: string;
  readonly version?: number;
  readonly name?: string;
  readonly reason?: string | null;
}

export const renderHistory = (
  { items }: { readonly items: readonly SeenEvent[] },
  { versions, parties }: SeenAgreement,
): string => {
  const known = [...parties, ...versions.flatMap(({ terms }) => terms.parties)];
  const rows = items.map(({ number, at, organisationId, type, version, name, reason }) => [
    String(number),
    timeText(Date.parse(at)),
    known.find((party) => party.organisationId === organisationId)?.name ?? organisationId,
    [type, version === undefined ? '' : `version ${version}`].filter(Boolean).join(' '),
    name ?? reason ?? '',
  ]);
  return renderTable([['NO', 'AT', 'FOR', 'WHAT', ''], ...rows]);
};

export const renderDiff = ({
  changes,
}: {
  readonly changes: readonly { readonly part: string; readonly before: unknown; readonly after: unknown }[];
}): string =>
  changes.length === 0
    ? 'They say the same.\n'
    : changes
        .map(
          ({ part, before, after }) =>
            `${part}\n  - ${JSON.stringify(before)}\n  + ${JSON.stringify(after)}\n`,
        )
        .join('');
