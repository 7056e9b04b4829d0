import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { programAvailable } from '../../support/programs.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const here = programAvailable('systemd-analyze');
const project = fileURLToPath(new URL('../../..', import.meta.url));
const UNITS = ['agent/packaging/files/terroir-agent.service', 'fleet/packaging/terroir-fleet.service'];
/** What `systemd-analyze security` calls the exposure, in tenths of a point of 10. */
const MOST_EXPOSED = 20;

const analyze = (...parameters: readonly string[]) =>
  spawnSync('systemd-analyze', ['--no-pager', '--man=no', ...parameters], { encoding: 'utf8' });

/** A unit as it will stand on a gateway, but for the program and the manual, which are not installed here. */
const unitToCheck = (file: string, change: (text: string) => string = (text) => text): string => {
  const text = readFileSync(join(project, file), 'utf8')
    .replace('ExecStart=/opt/terroir-agent/current/bin/terroir-agent', `ExecStart=${process.execPath}`)
    .replace(/^Documentation=.*$/m, '');
  const copy = join(temporaryFolder(), basename(file));
  writeFileSync(copy, change(text));
  return copy;
};

describe.skipIf(!here).each(UNITS)('%s', (file) => {
  test('says nothing that systemd does not know', () => {
    const { status, stderr } = analyze('verify', unitToCheck(file));
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  test('a word that systemd does not know is found', () => {
    const wrong = unitToCheck(file, (text) => text.replace('NoNewPrivileges=', 'NoNewPrivilege='));
    expect(analyze('verify', wrong).stderr).toContain('NoNewPrivilege');
  });

  test('exposes little', () => {
    const { status, stdout } = analyze(
      'security',
      '--offline=true',
      `--threshold=${MOST_EXPOSED}`,
      unitToCheck(file),
    );
    expect(stdout).toContain('Overall exposure level');
    expect(status, stdout).toBe(0);
  });

  test('without its system call filter it would expose more than that', () => {
    const open = unitToCheck(file, (text) =>
      text.replace(/^(SystemCallFilter|CapabilityBoundingSet|ProtectSystem|NoNewPrivileges)=.*$/gm, ''),
    );
    expect(analyze('security', '--offline=true', `--threshold=${MOST_EXPOSED}`, open).status).toBe(1);
  });
});
