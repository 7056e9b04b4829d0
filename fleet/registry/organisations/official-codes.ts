/** Checks of official identifiers. Each gives what is wrong with the code, or `undefined`. */
export type CodeCheck = (code: string) => string | undefined;

/**
 * An INSEE commune code: department and number, as the Code officiel géographique forms them. Corsica has 2A and 2B;
 * overseas departments and collectivities begin with 971 to 989.
 */
export const communeFault: CodeCheck = (code) => {
  if (!/^(\d{5}|2[AB]\d{3})$/.test(code))
    return 'an INSEE commune code is five digits, or 2A or 2B and three';
  const department = code.slice(0, 2);
  if (department === '00') return 'no department has the number 00';
  if (department === '20') return 'communes of Corsica are 2A… or 2B…, not 20…';
  if (department === '96') return 'no department has the number 96';
  if (/^(97|98)/.test(code)) {
    const territory = Number(code.slice(0, 3));
    const known = (territory >= 971 && territory <= 978) || (territory >= 984 && territory <= 989);
    if (!known) return `no overseas territory has the number ${territory}`;
    return code.endsWith('00') ? 'no commune has the number 00' : undefined;
  }
  if (department === '99') return '99 stands for foreign countries';
  return code.endsWith('000') ? 'no commune has the number 000' : undefined;
};

/** A SIREN: nine digits whose Luhn sum is a multiple of ten. */
export const sirenFault: CodeCheck = (code) => {
  if (!/^\d{9}$/.test(code)) return 'a SIREN is nine digits';
  return luhnSum(code) % 10 === 0 ? undefined : 'this SIREN has a wrong check digit';
};

/** The SIREN of La Poste, whose establishments are numbered by another rule. */
const LA_POSTE = '356000000';

/**
 * A SIRET: fourteen digits, SIREN and establishment, whose Luhn sum is a multiple of ten. La Poste has more
 * establishments than that rule has numbers for: but for its seat, their plain digit sum is a multiple of five.
 */
export const siretFault: CodeCheck = (code) => {
  if (!/^\d{14}$/.test(code)) return 'a SIRET is fourteen digits';
  if (sirenFault(code.slice(0, 9)) !== undefined) return 'its first nine digits are no SIREN';
  if (luhnSum(code) % 10 === 0) return undefined;
  if (code.startsWith(LA_POSTE) && digitSum(code) % 5 === 0) return undefined;
  return 'this SIRET has a wrong check digit';
};

/** A PRM (also PDL, RAE): fourteen digits. Enedis publishes no check key for it, so only its form is checked. */
export const prmFault: CodeCheck = (code) => {
  if (!/^\d{14}$/.test(code)) return 'a PRM is fourteen digits';
  return /^(\d)\1{13}$/.test(code) ? 'fourteen times the same digit is no PRM' : undefined;
};

/** A PCE: fourteen digits, or GI and six digits for large sites. */
export const pceFault: CodeCheck = (code) => {
  if (!/^(\d{14}|GI\d{6})$/.test(code)) return 'a PCE is fourteen digits, or GI and six digits';
  return /^(\d)\1{13}$/.test(code) ? 'fourteen times the same digit is no PCE' : undefined;
};

const luhnSum = (digits: string): number =>
  Array.from(digits)
    .toReversed()
    .reduce((sum, digit, place) => {
      const doubled = Number(digit) * (place % 2 === 0 ? 1 : 2);
      return sum + (doubled > 9 ? doubled - 9 : doubled);
    }, 0);

const digitSum = (digits: string): number =>
  Array.from(digits).reduce((sum, digit) => sum + Number(digit), 0);
