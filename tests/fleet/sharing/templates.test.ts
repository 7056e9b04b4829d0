import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { packageFile } from '../../../fleet/package-file.js';
import { fillTemplate, type Taker } from '../../../fleet/sharing/fill-template.js';
import { parseTemplate, readTemplates, type Template } from '../../../fleet/sharing/templates.js';
import { requireSound } from '../../../fleet/sharing/terms.js';
import { readThemeCatalogue } from '../../../fleet/sharing/themes.js';

const templates = [...readTemplates()];
const { properties } = parse(readFileSync(packageFile('config/catalogue/properties.yaml'), 'utf8')) as {
  properties: Record<string, unknown>;
};
const { themes } = readThemeCatalogue();

const takersOf = ({ roles }: Template): Taker[] =>
  Object.entries(roles).flatMap(([role, { several = false }]) =>
    (several ? ['x', 'y'] : ['x']).map((which) => ({
      role,
      organisationId: `${role}${which}`,
      name: `La ${role} d’${which}`,
    })),
  );

const blanks = { datasetOf: (id: string, key: string) => `${id}${key}`, from: 0, to: null };

describe.each(templates)('the template %s', (_name, template) => {
  test('becomes sound terms in which every part gives or gets, in French with an English title', () => {
    const takers = takersOf(template);
    const terms = fillTemplate(template, { takers, ...blanks });
    requireSound(terms);
    expect(terms.title.en).toMatch(/^[A-Z]/);
    expect(terms.text?.fr.length).toBeGreaterThan(100);
    const named = terms.clauses.flatMap(({ giver, receivers }) =>
      receivers === 'parties' ? takers.map(({ organisationId }) => organisationId) : [giver, ...receivers],
    );
    expect(new Set(named)).toEqual(new Set(takers.map(({ organisationId }) => organisationId)));
  });

  test('selects what the catalogue has', () => {
    for (const { selection, theme } of Object.values(template.datasets)) {
      expect(Object.keys(selection).length).toBeGreaterThan(0);
      for (const name of selection.properties ?? []) expect(properties).toHaveProperty([name]);
      for (const name of [...(selection.themes ?? []), theme ?? '']) expect(themes).toHaveProperty([name]);
    }
  });
});

test('volumes of water leave a commune by day and to the syndicate alone', () => {
  const template = new Map(templates).get('water-daily');
  if (template === undefined) throw new Error('no such template');
  const { clauses } = fillTemplate(template, { takers: takersOf(template), ...blanks });
  expect(clauses).toHaveLength(2);
  for (const clause of clauses) {
    expect(clause).toMatchObject({ receivers: ['syndicatx'], conditions: { finest: '1d' } });
  }
});

test('a template that names a part or a dataset that it has not is refused by file and clause', () => {
  const text = readFileSync(packageFile('config/agreements/water-daily.yaml'), 'utf8');
  expect(() => parseTemplate('t.yaml', text.replace('giver: commune', 'giver: region'))).toThrow(
    't.yaml: /clauses/0 there is no role region',
  );
  expect(() => parseTemplate('t.yaml', text.replace('dataset: water', 'dataset: gas'))).toThrow(
    't.yaml: /clauses/0 there is no dataset gas',
  );
  expect(() => parseTemplate('t.yaml', text.replace('accession: closed', 'accession: ajar'))).toThrow(
    /t\.yaml: \/accession/,
  );
});
