/** What a new profile is begun with. */
export interface NewProfile {
  readonly maker: string;
  readonly model: string;
  readonly document: string;
  readonly page: string;
}

/** What editors check a site's profiles with, in its folder of profiles. */
export const SCHEMA_FILE = 'profile.schema.json';

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

const slug = (text: string): string =>
  text
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');

/** Id `<maker>/<model>` in the letters that ids have; `undefined` where nothing of a name is left. */
export const profileId = ({ maker, model }: Pick<NewProfile, 'maker' | 'model'>): string | undefined =>
  slug(maker) === '' || slug(model) === '' ? undefined : `${slug(maker)}/${slug(model)}`;

/** A profile to go on from: it parses as it stands, with one point to be replaced. */
export const profileTemplate = ({ maker, model, document, page }: NewProfile): string => `\
# yaml-language-server: $schema=../${SCHEMA_FILE}
# What was compared with what, and what is left out because it is not certain. No cited vector yet.
maker: ${quoted(maker)}
model: ${quoted(model)}
protocol: modbus
source:
  document: ${quoted(document)}
  page: ${quoted(page)}
# How to tell this model from others, where its map says so:
# identity: { registers: [{ table: input, address: 11, type: uint16, values: [71] }] }
modbus:
  # What one request may ask for, and whether the document counts registers from 0 or from 1.
  maxRegisters: 125
  addressBase: 0
interval: 10s
defaults: { table: input, type: uint16, order: ABCD, kind: gauge, installation: [] }
points:
  # In the order of the registers. A register that is not certain is left out.
  temperature:
    name: Temperature
    address: 0
    type: int16
    scale: 0.1
    unit: Cel
    property: air_temperature
    range: [-40, 80]
    # vectors:
    #   - { raw: 00 D7, value: 21.5, cite: the example on page 16 }
`;
