import { openBuffer } from '../../../agent/buffer/open-buffer.js';
import { describeBuffer } from '../../suites/buffer.js';
import { describeBufferTime } from '../../suites/buffer-time.js';

describeBuffer('the buffer in its caller’s thread', async (options) => openBuffer(options));
describeBufferTime('the time of the buffer in its caller’s thread', async (options) => openBuffer(options));
