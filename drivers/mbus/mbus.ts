import type { BusDeps, BusSettings, Protocol, UnitSettings } from '../driver.js';
import type { Fault, Sample } from '../sample.js';
import type { FieldPoint } from '../profile.js';
import { createAskingBus, faultySamples, type AskingBus, type Exchange } from '../telegram/asking-bus.js';
import { samplesOf } from '../telegram/samples-of.js';
import { parseMbusAddress } from './address.js';
import { telegramOf } from './decode-telegram.js';
import { createFormats, type Formats } from './application/formats.js';
import { mbusDialect } from './dialect.js';
import { identityOf, readOut, type Readout } from './readout.js';
import { mbusSection } from './section.js';

/** Why the device is not of the model that its profile describes. */
const wrongModel = ({ section }: UnitSettings, { parts }: Readout): Fault | undefined => {
  const { manufacturers, media } = mbusSection(section);
  const said = identityOf(parts);
  const wrong =
    (manufacturers !== undefined &&
      said?.manufacturer !== undefined &&
      !manufacturers.includes(said.manufacturer)) ||
    (media !== undefined && said?.medium !== undefined && !media.includes(said.medium));
  if (!wrong) return undefined;
  const { identification = '?', manufacturer: maker = '?', medium = '?' } = said ?? {};
  const detail = `another device answers: number ${identification}, manufacturer ${maker}, medium ${medium}`;
  return { code: 'identity', detail };
};

const ask = async (
  formats: Formats,
  exchange: Exchange,
  unit: UnitSettings,
  points: readonly FieldPoint[],
): Promise<readonly Sample[]> => {
  const address = parseMbusAddress(unit.address);
  if (address === undefined)
    return faultySamples(
      points,
      { code: 'frame', detail: `"${unit.address}" is no M-Bus address` },
      exchange.now(),
    );
  const read = await readOut(exchange, address, formats);
  if ('fault' in read) return faultySamples(points, read.fault, read.at);
  const refusal = read.parts.find((part) => part.kind === 'error');
  if (refusal !== undefined) {
    exchange.refused();
    return faultySamples(points, { code: 'exception', detail: refusal.error }, read.at);
  }
  const wrong = wrongModel(unit, read);
  if (wrong !== undefined) return faultySamples(points, wrong, read.at);
  return samplesOf(points, telegramOf(read.address, read.parts, unit.section), read.at);
};

/** The protocol, whose buses can be talked to for more than reads. */
export interface Mbus extends Protocol {
  openBus(settings: BusSettings, deps: BusDeps): AskingBus;
}

/** Wired M-Bus (EN 13757-2 and -3) through a level converter on a serial port or behind a serial server. */
export const createMbus = (): Mbus => ({
  name: mbusDialect.protocol,
  dialect: mbusDialect,
  openBus: (settings, deps) => {
    const formats = createFormats();
    return createAskingBus(settings, deps, (exchange, unit, points) => ask(formats, exchange, unit, points));
  },
});
