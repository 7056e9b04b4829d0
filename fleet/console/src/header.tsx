import type { Language, Texts } from './texts';

/** Pages of those who are signed in. */
export type PageName = 'territory' | 'sharing' | 'account';

const ADDRESSES = { territory: '#', sharing: '#sharing', account: '#account' } as const;
const PAGES = ['territory', 'sharing', 'account'] as const satisfies readonly PageName[];

interface HeaderProps {
  texts: Texts;
  language: Language;
  onLanguage: (language: Language) => void;
  /** Which one is shown. */
  shown?: PageName;
  signedIn?: boolean;
  onSignOut?: (() => void) | undefined;
}

/** The top of every page: what this is, the other language, one's account. */
export const Header = ({
  texts,
  language,
  onLanguage,
  shown = 'territory',
  signedIn = false,
  onSignOut,
}: HeaderProps) => {
  const other = language === 'fr' ? 'en' : 'fr';
  return (
    <>
      <a class="skip" href="#content">
        {texts.skip}
      </a>
      <header>
        <h1>Terroir</h1>
        <p>{texts.subtitle}</p>
        <nav>
          <button type="button" lang={other} onClick={() => onLanguage(other)}>
            {other === 'en' ? 'English' : 'Français'}
          </button>
          {signedIn &&
            PAGES.filter((page) => page !== shown).map((page) => (
              <a key={page} href={ADDRESSES[page]}>
                {texts[page]}
              </a>
            ))}
          {onSignOut !== undefined && (
            <button type="button" onClick={onSignOut}>
              {texts.signOut}
            </button>
          )}
        </nav>
      </header>
    </>
  );
};
