import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, onTestFinished } from 'vitest';
import { built } from '../../support/built.js';
import {
  compileLibmodbusServer,
  libmodbusAvailable,
  startLibmodbusServer,
} from '../../support/libmodbus/libmodbus.js';
import { runProgram, startProgram } from '../../support/program.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const configure = (folder: string, port: number): string => {
  const file = join(folder, 'gateway.yaml');
  writeFileSync(
    file,
    `gateway: { name: Boiler room }
buses:
  hall: { tcp: 127.0.0.1:${port} }
devices:
  boiler:
    bus: hall
    address: 7
    interval: 1s
    points:
      setpoint: { address: 20, type: int16, scale: 0.1, unit: Cel, property: air_temperature, writable: [5, 30] }
      temperature: { address: 21, type: int16, scale: 0.1, unit: Cel, property: air_temperature }
`,
  );
  return file;
};

/** libmodbus takes one connection at a time, as many gateways do. */
const site = async (...more: readonly string[]) => {
  built('agent/main.js', ['agent', 'drivers']);
  const folder = temporaryFolder();
  const server = await startLibmodbusServer(compileLibmodbusServer(folder), ['tcp', ...more]);
  onTestFinished(() => server.stop());
  const file = configure(folder, server.port);
  const agent = (command: string, ...parameters: readonly string[]) =>
    runProgram('agent', command, '--config', file, ...parameters);
  const write = (point: string, value: string, ...parameters: readonly string[]) =>
    agent('write', '--device', 'boiler', '--point', point, ...parameters, value);
  return { file, agent, write };
};

describe.skipIf(!libmodbusAvailable())('a line that takes one master', { timeout: 180_000 }, () => {
  test('is read and written by a technician while the agent runs', async () => {
    const { file, agent, write } = await site();
    const running = startProgram('agent', 'run', '--config', file);
    await running.printed(/"started"/);
    const read = await agent('read', '--json');
    expect(read.code).toBe(0);
    expect(JSON.parse(read.stdout)).toMatchObject([
      { point: 'setpoint', value: 102 },
      { point: 'temperature', value: 102.1 },
    ]);
    const written = await write('setpoint', '21.5', '--yes');
    expect(written).toMatchObject({ code: 0, stdout: 'boiler/setpoint: 102 Cel before, 21.5 Cel now\n' });
    expect(running.output()).toContain('"point-written"');
    const refused = await write('setpoint', '99', '--yes');
    expect(refused.code).toBe(2);
    expect(refused.output).toContain('point setpoint: 99 Cel is outside of 5 to 30 Cel');
    expect((await agent('read', '--json')).stdout).toContain('"value": 21.5');
    expect(await agent('diagnose', '--device', 'boiler')).toMatchObject({
      code: 1,
      stdout: 'boiler at 7 on hall: illegal function (1)\n',
    });
    expect(await running.end('SIGTERM')).toBe(0);
  });

  test('is written by function 23 where the device knows no other, through the agent', async () => {
    const { file, write } = await site('only-23');
    const running = startProgram('agent', 'run', '--config', file);
    await running.printed(/"started"/);
    expect(await write('setpoint', '21.5', '--yes')).toMatchObject({
      code: 0,
      stdout: 'boiler/setpoint: 102 Cel before, 21.5 Cel now\n',
    });
    expect(await running.end('SIGTERM')).toBe(0);
  });

  test('is written without an agent, too; what the profile does not allow is refused', async () => {
    const { write } = await site();
    expect(await write('setpoint', '18', '--yes')).toMatchObject({
      code: 0,
      stdout: 'boiler/setpoint: 102 Cel before, 18 Cel now\n',
    });
    const refusals: readonly [Promise<{ code: number | null; output: string }>, string][] = [
      [write('door', '1', '--yes'), 'those that may be written: setpoint'],
      [write('setpoint', '19'), 'say --yes to write'],
    ];
    for (const [refusal, why] of refusals) {
      const { code, output } = await refusal;
      expect(output).toContain(why);
      expect(code).toBe(2);
    }
  });
});
