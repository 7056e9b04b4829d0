import type { Gateway, Organisation } from './api';
import { formatTime } from './format';
import type { Language, Texts } from './texts';

interface Props {
  texts: Texts;
  language: Language;
  gateways: Gateway[];
  organisations: Organisation[];
}

export const Gateways = ({ texts, language, gateways, organisations }: Props) => {
  const nameOf = new Map(organisations.map(({ id, name }) => [id, name]));
  const ordered = gateways.toSorted((a, b) => a.name.localeCompare(b.name, language));
  const titles = [
    texts.gateway,
    texts.organisation,
    texts.state,
    texts.silentSince,
    texts.holes,
    texts.lastError,
  ];
  return (
    <section aria-labelledby="gateways">
      <h2 id="gateways">{texts.gateways}</h2>
      {gateways.length === 0 ? (
        <p>{texts.noGateway}</p>
      ) : (
        <table class="gateways">
          <thead>
            <tr>
              {titles.map((title) => (
                <th scope="col" key={title}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {ordered.map((gateway) => (
              <tr key={gateway.id} data-gateway={gateway.id}>
                <th scope="row">{gateway.name}</th>
                <td data-label={texts.organisation}>{nameOf.get(gateway.organisationId)}</td>
                <td data-label={texts.state}>
                  <span class={`state ${gateway.state}`}>{texts.states[gateway.state]}</span>
                </td>
                <td data-label={texts.silentSince}>
                  {gateway.silentSince === null ? '–' : formatTime(gateway.silentSince, language)}
                </td>
                <td data-label={texts.holes} class={gateway.holes > 0 ? 'warn' : ''}>
                  {gateway.holes}
                </td>
                <td data-label={texts.lastError}>{gateway.lastError ?? texts.none}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
};
