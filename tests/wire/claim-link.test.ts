import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatClaimLink, formatClaimToken, parseClaimLink } from '../../agent/wire/enrolment.js';

const token = fc
  .record({
    secret: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('base64url')),
    rootFingerprint: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('hex')),
  })
  .map(formatClaimToken);
/** Addresses as a fleet has them, perhaps below a path of its proxy. */
const fleetUrl = fc
  .record({
    scheme: fc.constantFrom('http', 'https'),
    host: fc.oneof(fc.domain(), fc.ipV4()),
    port: fc.option(fc.integer({ min: 1024, max: 65_535 })),
    path: fc.array(fc.stringMatching(/^[a-z0-9]{1,8}$/), { maxLength: 2 }),
  })
  .map(({ scheme, host, port, path }) =>
    [`${scheme}://${host}${port === null ? '' : `:${port}`}`, ...path].join('/'),
  )
  .map((url) => new URL(url).href.replace(/\/$/, ''));
const space = fc.stringMatching(/^[ \t\n]{0,3}$/);

it('takes apart what was put together, whatever stands around it', () => {
  fc.assert(
    fc.property(fleetUrl, token, fc.constantFrom('', '/', '//'), space, (url, claim, slash, blank) => {
      const link = formatClaimLink(`${url}${slash}`, claim);
      expect(parseClaimLink(`${blank}${link}${blank}`)).toEqual({ fleetUrl: url, token: claim });
    }),
  );
});

it('takes no link whose token was cut, changed or sent along as a query', () => {
  fc.assert(
    fc.property(fleetUrl, token, fc.nat(110), (url, claim, length) => {
      const link = formatClaimLink(url, claim);
      for (const text of [
        formatClaimLink(url, claim.slice(0, length)),
        formatClaimLink(url, `${claim}0`),
        link.replace('#', '?'),
        link.replace('/enrol#', '/enroll#'),
        link.replace('#', '#token='),
        claim,
      ]) {
        expect([text, parseClaimLink(text)]).toEqual([text, undefined]);
      }
    }),
  );
});

it('fails on no text', () => {
  const text = fc.oneof(
    fc.string(),
    fc.string().map((end) => `https://fleet.example.org/enrol#${end}`),
  );
  fc.assert(fc.property(text, (each) => parseClaimLink(each) === undefined));
});
