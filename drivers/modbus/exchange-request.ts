import type { UnitSettings } from '../driver.js';
import { withCrc } from './crc16.js';
import { exceptionName } from './exceptions.js';
import type { Line } from './line.js';
import type { Answer } from './operations.js';
import type { ModbusRequest } from './request.js';

const EXCEPTION = 0x80;

/** What a scan asks every device, most of which do not know it: server id and identification. */
const ASKED_OF_ALL: ReadonlySet<number> = new Set([17, 43]);

/** Sends one request of any function to a unit and reads its reply. */
export const exchangeRequest = async <T>(
  line: Line,
  address: number,
  { pauseMs }: UnitSettings,
  request: ModbusRequest<T>,
  signal: AbortSignal,
  onOpening?: number,
): Promise<Answer<T>> => {
  const { pdu } = request;
  const code = pdu[0] ?? 0;
  const answer = await line.exchange(
    {
      frame: withCrc(Uint8Array.of(address, ...pdu)),
      expectation: { unit: address, function: code, dataBytes: request.length },
      patient: !ASKED_OF_ALL.has(code),
      ...(pauseMs === undefined ? {} : { pauseMs }),
      ...(onOpening === undefined ? {} : { onOpening }),
    },
    signal,
  );
  if ('fault' in answer) return { fault: answer.fault, at: answer.at };
  const { frame, at } = answer;
  const unit = line.unit(address);
  const data = frame.subarray(2, -2);
  if (frame[1] === (code | EXCEPTION)) {
    line.count('exceptions', unit);
    const exception = data[0] ?? 0;
    return { fault: { code: 'exception', detail: exceptionName(exception) }, at, exception };
  }
  const value = request.parse(data);
  if (value === undefined)
    return { fault: { code: 'frame', detail: 'the reply answers something else' }, at };
  line.count('ok', unit);
  return { value, at };
};
