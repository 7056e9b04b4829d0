import { uartDialect } from '../../../drivers/uart/dialect.js';
import { testTelegramCases } from '../../support/telegram-cases.js';

testTelegramCases(uartDialect);
