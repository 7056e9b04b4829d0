import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { packagedProfiles } from '../../../agent/twin/packaged.js';
import { decodeRegisters } from '../../../drivers/modbus/decode-registers.js';
import { span } from '../../../drivers/modbus/register-layout.js';
import { createRegisterImage } from '../../../drivers/modbus/simulator/register-image.js';
import { isRegisterPoint, type Profile } from '../../../drivers/profile.js';
import { loadProfile } from '../../../drivers/profile-file.js';
import { createPointValues } from '../../../drivers/simulator/point-values.js';
import { startSimulator } from '../../../drivers/simulator/start-simulator.js';
import { built } from '../../support/built.js';
import { eventually } from '../../support/eventually.js';
import { runProgram, startProgram } from '../../support/program.js';
import { programAvailable } from '../../support/programs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { wireSerialPorts } from '../../support/wired-line/wired-line.js';

/** What lies in the box, by the address that each was delivered with. */
const BOX = {
  1: 'eastron/sdm630-v2',
  2: 'eastron/sdm72d-m-v2',
  3: 'carlo-gavazzi/em24',
  10: 'schneider/iem3155',
  11: 'socomec/countis-e33-e43',
  12: 'thies/clima-sensor-us',
} as const;

/** Time stands still in the meters, so that what each of them says is known. */
const NOW = Date.UTC(2026, 5, 15, 17, 30);
const SEED = 3;

/** What a meter's display would show. */
const dialsOf = (profile: Profile): ReadonlyMap<string, unknown> => {
  const image = createRegisterImage(profile, createPointValues(SEED));
  return new Map(
    profile.points.filter(isRegisterPoint).map((point) => {
      const { table, address } = point.register;
      const raw = image.read(table, address, span(point.register), NOW) ?? new Uint8Array();
      return [point.key, decodeRegisters(raw, point.register, point).value];
    }),
  );
};

interface Row {
  readonly place: string;
  readonly point: string;
  readonly value: unknown;
}

const parseRows = (text: string): readonly Row[] => {
  const rows: unknown = JSON.parse(text);
  if (!Array.isArray(rows)) throw new Error(text);
  return rows.map(({ place, point, value }: Row) => ({ place, point, value }));
};

test.skipIf(!programAvailable('cc'))(
  'a box of unknown meters on one line becomes a configuration that works, by scan alone',
  { timeout: 300_000 },
  async () => {
    built('agent/main.js', ['agent', 'drivers']);
    const [near, far] = await wireSerialPorts();
    const models = Object.entries(BOX).map(([address, id]) => ({
      address,
      profile: loadProfile([packagedProfiles], id),
    }));
    const meters = await startSimulator({
      listen: { type: 'serial', path: far, baudRate: 19_200, dataBits: 8, parity: 'even', stopBits: 1 },
      framing: 'rtu',
      units: models.map((model) => ({ ...model, seed: SEED })),
      now: () => NOW,
    });
    onTestFinished(() => meters.close());

    const where = ['--bus', `serial:${near}`, '--addresses', '1-3,10-13', '--listen', '200ms'];
    const scan = await runProgram('agent', 'scan', ...where);
    expect(scan.code).toBe(0);
    expect(scan.stdout).toContain('baud: 19200\n    format: 8E1');
    const file = join(temporaryFolder(), 'gateway.yaml');
    writeFileSync(file, scan.stdout);

    const checked = await runProgram('agent', 'check', '--config', file);
    expect(checked).toMatchObject({ code: 0 });
    const running = startProgram('agent', 'run', '--config', file);
    await running.printed(/"started"/);
    const expected = models.flatMap(({ address, profile }) =>
      [...dialsOf(profile)].map(([point, value]) => ({ place: `${address} on line`, point, value })),
    );
    // A machine that stands still may cost a reply, but never gives a wrong value.
    await eventually(async () => {
      const read = await runProgram('agent', 'read', '--config', file, '--json');
      const rows = parseRows(read.stdout);
      const right = ({ value }: Row, index: number) => value === null || value === expected[index]?.value;
      expect(rows.map(({ place, point }) => [place, point])).toEqual(
        expected.map(({ place, point }) => [place, point]),
      );
      expect(rows.filter((row, index) => !right(row, index))).toEqual([]);
      return rows.every(({ value }) => value !== null);
    }, 60_000);
    expect(await running.end('SIGTERM')).toBe(0);
  },
);
