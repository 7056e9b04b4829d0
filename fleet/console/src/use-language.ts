import { useEffect, useState } from 'preact/hooks';
import { rememberedLanguage, rememberLanguage, type Language } from './texts';

/** The reader's language: told to the browser, and remembered. */
export const useLanguage = (): [language: Language, setLanguage: (language: Language) => void] => {
  const [language, setLanguage] = useState<Language>(rememberedLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
    rememberLanguage(language);
  }, [language]);
  return [language, setLanguage];
};
