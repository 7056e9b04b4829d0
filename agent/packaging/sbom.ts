import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';

const Component = Type.Object({
  'bom-ref': Type.String(),
  properties: Type.Array(Type.Object({ name: Type.String(), value: Type.String() })),
});
const Bom = Type.Object({
  bomFormat: Type.Literal('CycloneDX'),
  metadata: Type.Object({ tools: Type.Unknown() }),
  components: Type.Array(Component),
  dependencies: Type.Array(Type.Object({ ref: Type.String(), dependsOn: Type.Array(Type.String()) })),
});
/** A CycloneDX 1.5 document, as far as we look into it. */
export type Bom = Static<typeof Bom>;

const MAX_BYTES = 64 * 1024 * 1024;

/** What npm says of all that is installed in a project. It asks no registry. */
export const installedBom = (project: string): Bom => {
  const { status, stdout, stderr } = spawnSync('npm', ['sbom', '--sbom-format', 'cyclonedx'], {
    cwd: project,
    encoding: 'utf8',
    maxBuffer: MAX_BYTES,
  });
  if (status !== 0) throw new Error(`npm sbom failed; is all installed (npm ci)?\n${stderr}`);
  return Value.Parse(Bom, JSON.parse(stdout));
};

/** `name@version` of what a service needs that is installed without development's packages. */
export const neededToRun = ({ components }: Bom): readonly string[] =>
  components
    .filter(({ properties }) => !properties.some(({ name }) => name === 'cdx:npm:package:development'))
    .map((component) => component['bom-ref']);

/** A program that is shipped with some of what is installed. */
export interface Shipped {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** `name@version` of each package in it. */
  readonly packages: ReadonlySet<string>;
  /** When it was made. */
  readonly at: Date;
}

/** The same document has the same number (RFC 9562, version 8), so that packing twice gives the same bytes. */
const serialNumberOf = (content: unknown): string => {
  const hash = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const parts = [hash.slice(0, 8), hash.slice(8, 12), `8${hash.slice(13, 16)}`, `8${hash.slice(17, 20)}`];
  return `urn:uuid:${parts.join('-')}-${hash.slice(20, 32)}`;
};

/** The bill of materials of one program: of what is installed, that which is in it. */
export const bomOf = (installed: Bom, { name, version, description, packages, at }: Shipped): object => {
  const ref = `${name}@${version}`;
  const components = installed.components.filter((component) => packages.has(component['bom-ref']));
  const known = new Set(components.map((component) => component['bom-ref']));
  const missing = [...packages].filter((wanted) => !known.has(wanted));
  if (missing.length > 0) throw new Error(`npm sbom does not name ${missing.join(', ')}`);
  const needs = installed.dependencies
    .filter((entry) => known.has(entry.ref))
    .map((entry) => ({ ref: entry.ref, dependsOn: entry.dependsOn.filter((other) => known.has(other)) }));
  const component = {
    'bom-ref': ref,
    type: 'application',
    name,
    version,
    description,
    purl: `pkg:generic/${ref}`,
  };
  const content = {
    metadata: { timestamp: at.toISOString(), tools: installed.metadata.tools, component },
    components,
    dependencies: [{ ref, dependsOn: [...known] }, ...needs],
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    serialNumber: serialNumberOf(content),
    version: 1,
    ...content,
  };
};
