import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { programVersion } from '../local/program-version.js';
import { layOutAgent } from './agent-package.js';
import { packFolder } from './archive.js';
import { projectFolder } from './project-folder.js';
import { sourceDate } from './source-date.js';

const { values } = parseArgs({ options: { out: { type: 'string', default: 'dist/packages' } } });
const version = programVersion();
const [nodeMajor = ''] = process.versions.node.split('.');
const target = { platform: process.platform, arch: process.arch, nodeMajor };
const at = sourceDate(projectFolder, process.env);
const out = resolve(values.out);
const archive = join(
  out,
  `terroir-agent-${version}-${target.platform}-${target.arch}-node${nodeMajor}.tar.gz`,
);

const work = mkdtempSync(join(tmpdir(), 'pack-agent-'));
try {
  const folder = join(work, `terroir-agent-${version}`);
  mkdirSync(folder);
  mkdirSync(out, { recursive: true });
  layOutAgent({ project: projectFolder, version, target, at }, folder);
  packFolder(folder, archive, at);
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.stdout.write(`${archive}\n`);
