import type { Latest, Organisation } from './api';
import { formatTime, formatValue } from './format';
import type { Language, Texts } from './texts';

interface Props {
  texts: Texts;
  language: Language;
  latest: Latest[];
  organisations: Organisation[];
  shown: string | undefined;
  onShow: (point: string) => void;
}

/** Items by a text of theirs; texts and items in the order of the language. */
const grouped = (
  rows: Latest[],
  textOf: (row: Latest) => string,
  language: Language,
): [string, Latest[]][] => {
  const groups = new Map<string, Latest[]>();
  for (const row of rows) groups.set(textOf(row), [...(groups.get(textOf(row)) ?? []), row]);
  return [...groups].toSorted(([a], [b]) => a.localeCompare(b, language));
};

export const LatestValues = (props: Props) => {
  const { texts, language, latest, organisations } = props;
  const nameOf = new Map(organisations.map(({ id, name }) => [id, name]));
  const byOrganisation = grouped(latest, (row) => nameOf.get(row.organisationId) ?? '', language);
  return (
    <section aria-labelledby="latest">
      <h2 id="latest">{texts.latest}</h2>
      {latest.length === 0 && <p>{texts.noValue}</p>}
      {byOrganisation.map(([organisation, rows]) => (
        <table class="latest" key={organisation}>
          <caption>{organisation}</caption>
          <thead>
            <tr>
              <th scope="col">{texts.point}</th>
              <th scope="col" class="number">
                {texts.value}
              </th>
              <th scope="col">{texts.quality}</th>
              <th scope="col">{texts.time}</th>
              <th scope="col">{texts.chart}</th>
            </tr>
          </thead>
          {grouped(rows, ({ deviceName }) => deviceName, language).map(([device, points]) => (
            <tbody key={device}>
              <tr class="device">
                <th scope="rowgroup" colSpan={5}>
                  {device}
                </th>
              </tr>
              {points
                .toSorted((a, b) => a.name.localeCompare(b.name, language))
                .map((row) => (
                  <Point key={row.id} {...props} row={row} />
                ))}
            </tbody>
          ))}
        </table>
      ))}
    </section>
  );
};

const Point = ({ row, texts, language, shown, onShow }: Props & { row: Latest }) => {
  const show = () => {
    onShow(row.id);
    document.querySelector('#chart')?.scrollIntoView({ block: 'nearest' });
  };
  return (
    <tr data-point={row.id} class={row.id === shown ? 'shown' : ''}>
      <th scope="row">{row.name}</th>
      <td class="number value">{formatValue(row, language)}</td>
      <td class={row.flag > 2 ? 'quality warn' : 'quality'} title={row.reason}>
        {texts.flags[row.flag] ?? row.flag}
      </td>
      <td class="time">{formatTime(row.time, language)}</td>
      <td class="show">
        {typeof row.value === 'number' && (
          <button type="button" onClick={show} aria-label={`${texts.show} : ${row.deviceName}, ${row.name}`}>
            ↗
          </button>
        )}
      </td>
    </tr>
  );
};
