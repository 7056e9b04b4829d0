import type { Dialect } from './dialect.js';
import { checkSchema } from './document/check-schema.js';
import type { Path, YamlDocument } from './document/yaml-document.js';
import { TELEGRAM_PROTOCOLS, type OverrideFields, type TelegramProtocol } from './profile-fields.js';

type Sections = Pick<OverrideFields, TelegramProtocol | 'modbus'>;

/**
 * What a profile, or a device without one, says under the name of its protocol; `before` is what it goes over. A section
 * of another protocol is reported, as is all that the protocol's schema does not allow.
 */
export const sectionOf = (
  fields: Sections,
  { protocol, telegrams }: Dialect,
  document: YamlDocument,
  path: Path,
  before: unknown,
): unknown => {
  for (const other of ['modbus', ...TELEGRAM_PROTOCOLS] as const)
    if (fields[other] !== undefined && other !== protocol)
      document.report([...path, other], `the protocol here is ${protocol}`);
  const own = TELEGRAM_PROTOCOLS.find((name) => name === protocol);
  if (own === undefined || telegrams === undefined) return undefined;
  if (telegrams.section === undefined) {
    if (fields[own] !== undefined) document.report([...path, own], 'has nothing to say here');
    return undefined;
  }
  if (fields[own] === undefined) return before;
  const section: unknown = checkSchema(document, telegrams.section, [...path, own]);
  const problem = section === undefined ? undefined : telegrams.check?.(section);
  if (problem !== undefined) document.report([...path, own], problem);
  return section;
};
