import { describe, expect, test } from 'vitest';
import { requireGoodPassword } from '../../../fleet/access/password-policy.js';

const person = { login: 'zoe.lambert', name: 'Zoé Lambert', organisationName: 'Mairie d’Aubière' };

const judged = (password: string): string | undefined => {
  try {
    requireGoodPassword(password, person);
    return undefined;
  } catch (error) {
    return String(Object(error).code);
  }
};

describe('a new password', () => {
  test('may be made of any characters, and long', () => {
    const good = [
      'correct horse battery staple',
      'le chat dort sous la table',
      'ünïcödé phrase où',
      '七転び八起き猫と犬の長い散歩道をゆく',
      'kJ8#vQ2!xZ9@mW4',
      'trois petits pas vers le moulin',
      'xxx quatorze vaches brunes',
      'un mot de plus que tu ne crois '.repeat(30).slice(0, 900),
    ];
    for (const password of good) expect([password, judged(password)]).toEqual([password, undefined]);
  });

  test('is refused where it would be guessed early', () => {
    const weak = [
      '',
      'court',
      'quatorze signe',
      'aaaaaaaaaaaaaaaaaaaa',
      'abababababababababab',
      '123456789012345',
      'abcdefghijklmnopqrstuvwxyz',
      'passwordpassword',
      'Password123456789!',
      'motdepasse-motdepasse-1',
      'azertyuiopqsdfghjklm',
      'azerty123456azerty',
      'Administrateur2026!',
      'Bonjour-Bonjour-2026',
      'zoelambert-2026-zoe',
      'Mairie-Aubiere-2026',
      'terroir-terroir-fleet',
      'changeme-changeme-now',
      'x'.repeat(1001),
    ];
    for (const password of weak) expect([password, judged(password)]).toEqual([password, 'weak-password']);
  });

  test('counts characters as people see them, after NFKC', () => {
    expect(judged('𝒶𝒷𝓏𝒹𝓊𝓎𝑔𝓀𝒾𝓆')).toBe('weak-password');
    expect(judged('\u0065\u0301'.repeat(14))).toBe('weak-password');
  });
});
