import { pulseDialect } from '../../../drivers/pulse/dialect.js';
import { testTelegramCases } from '../../support/telegram-cases.js';

testTelegramCases(pulseDialect);
