import { readFileSync } from 'node:fs';
import { Parser, Store } from 'n3';
import SHACLValidator from 'rdf-validate-shacl';

const shapesOf = (name: string): Store =>
  new Store(new Parser().parse(readFileSync(new URL(name, import.meta.url), 'utf8')));

/** What the official shapes find wrong in a document of Turtle. */
export const findingsOf = async (turtle: string): Promise<readonly string[]> => {
  const data = new Store(new Parser().parse(turtle));
  const findings: string[] = [];
  for (const name of ['dcat-ap-3.0.1-shacl.ttl', 'dcat-ap-3.0.1-ranges.ttl']) {
    const report = await new SHACLValidator(shapesOf(name), {}).validate(data);
    for (const { severity, focusNode, path, message } of report.results) {
      const what = message.map(({ value }) => value).join('; ');
      findings.push(`${name} ${severity?.value ?? ''} ${focusNode?.value ?? ''} ${path?.value} ${what}`);
    }
  }
  return findings;
};
