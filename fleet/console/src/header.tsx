import type { Language, Texts } from './texts';

interface HeaderProps {
  texts: Texts;
  language: Language;
  onLanguage: (language: Language) => void;
  onAccount?: boolean;
  signedIn?: boolean;
  onSignOut?: (() => void) | undefined;
}

/** The top of every page: what this is, the other language, one's account. */
export const Header = ({
  texts,
  language,
  onLanguage,
  onAccount = false,
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
          {signedIn && (
            <a href={onAccount ? '#' : '#account'}>{onAccount ? texts.territory : texts.account}</a>
          )}
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
