import { ticDialect } from '../../../drivers/tic/dialect.js';
import { testTelegramCases } from '../../support/telegram-cases.js';

testTelegramCases(ticDialect);
