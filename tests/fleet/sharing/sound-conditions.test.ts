import { expect, test } from 'vitest';
import { requireSound, type Clause, type Terms } from '../../../fleet/sharing/terms.js';
import { openHttp } from '../http/http-under-test.js';
import { ownerOf } from './agreement-under-test.js';

const CLAUSE: Clause = {
  key: 'c',
  giver: 'a',
  dataset: 'd',
  receivers: 'parties',
  purposes: ['operations'],
};
const TERMS: Terms = {
  title: { fr: 'T' },
  parties: [
    { organisationId: 'a', name: 'A' },
    { organisationId: 'b', name: 'B' },
  ],
  clauses: [CLAUSE],
  from: 0,
  to: null,
  accession: 'closed',
};

const said = (conditions: Clause['conditions'] & object, general = false): string => {
  try {
    requireSound(general ? { ...TERMS, conditions } : { ...TERMS, clauses: [{ ...CLAUSE, conditions }] });
    return '';
  } catch (error) {
    return String(error);
  }
};

test('conditions that nothing can meet are refused, with the part that is wrong', () => {
  expect(said({ area: [2.4, 46.9, 2.2, 47.1] })).toMatch(/clauses c: conditions\.area: west \(2\.4\)/);
  expect(said({ area: [2.2, 47.1, 2.4, 46.9] }, true)).toMatch(/ conditions\.area: south \(47\.1\)/);
  expect(said({ area: [2.2, -91, 2.4, 46.9] })).toMatch(/latitudes/);
  expect(said({ from: 10, to: 10 })).toMatch(/to: must be later/);
  expect(said({ area: [2.2, 47, 2.2, 47], from: 10, to: 11 })).toBe('');
});

test('a dataset over the antimeridian is refused, by name of the part', async () => {
  const http = await openHttp();
  const dataset = {
    organisationId: 'a',
    selection: { area: [179, -18, -179, -16] },
    audience: 'agreement',
    title: { fr: 'D' },
    licence: { key: 'restricted' },
  };
  const token = await ownerOf(http, 'a');
  const refused = await http.post('/api/v1/datasets', dataset, token);
  expect([refused.status, refused.json()['detail']]).toEqual([
    400,
    expect.stringMatching(/selection\.area.*antimeridian/),
  ]);
  const narrow = { ...dataset, selection: { area: [-179, -18, 179, -16] } };
  const accepted = await http.post('/api/v1/datasets', narrow, token);
  expect(accepted.status).toBe(200);
  const changed = await http.ask(
    'PUT',
    `/api/v1/datasets/${String(accepted.json()['id'])}`,
    { authorization: `Bearer ${token}`, 'if-match': '*', 'content-type': 'application/json' },
    JSON.stringify({ ...narrow, organisationId: undefined, selection: {}, conditions: { from: 5, to: 1 } }),
  );
  expect([changed.status, changed.json()['detail']]).toEqual([400, expect.stringMatching(/conditions\.to/)]);
});
