/**
 * What people put into passwords first, in French and English, and the keys that lie beside each other. A password is
 * judged by what is left of it without these (`password-policy.ts`). Longest first.
 */
export const COMMON_WORDS: readonly string[] = [
  'administrateur administrator administration communaute municipalite collectivite intercommunalite',
  'motdepasse password passw0rd p4ssword p4ssw0rd passwort utilisateur identifiant bienvenue welcome changeme',
  'azertyuiop qsdfghjklm wxcvbn qwertyuiop asdfghjkl zxcvbnm qwertz azerty qwerty qazwsx 1q2w3e4r 1a2z3e4r',
  'iloveyou jetaime doudou loulou chouchou bonjour coucou soleil marseille toulouse bordeaux paris france',
  'football baseball superman batman pokemon starwars dragon monkey princess princesse chocolat nicolas camille',
  'thomas julien alexandre isabelle sunshine letmein trustno1 whatever freedom computer ordinateur internet',
  'printemps automne summer winter spring autumn hiver ete janvier fevrier mars avril juin juillet aout septembre',
  'octobre novembre decembre january february march april august september october november december',
  'mairie commune ville maire service energie eclairage compteur capteur passerelle terroir fleet gateway',
  'admin root user guest test demo secret login access master super shadow pass hello salut love amour',
  'abcdefgh abcdef abcd abc123 123456789 12345678 1234567 123456 12345 1234 987654321 987654 654321 4321',
]
  .flatMap((line) => line.split(' '))
  .toSorted((a, b) => b.length - a.length);
