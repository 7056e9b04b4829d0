import { nmeaDialect } from '../../../drivers/nmea/dialect.js';
import { testTelegramCases } from '../../support/telegram-cases.js';

testTelegramCases(nmeaDialect);
