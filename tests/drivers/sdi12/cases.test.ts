import { sdi12Dialect } from '../../../drivers/sdi12/dialect.js';
import { testTelegramCases } from '../../support/telegram-cases.js';

testTelegramCases(sdi12Dialect);
