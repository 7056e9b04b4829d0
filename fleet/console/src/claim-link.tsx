import { useEffect, useState } from 'preact/hooks';
import { parseClaimLink } from '#wire/enrolment.js';
import { Header } from './header';
import { textsOf, type Texts } from './texts';
import { useHash } from './use-hash';
import { useLanguage } from './use-language';

/**
 * Where the link of a claim token leads a person who opens it: to what is to be typed on the gateway. It asks the
 * service for nothing, so that the token, which follows the #, stays in this browser.
 */
export const ClaimLink = () => {
  const [language, setLanguage] = useLanguage();
  const [hash] = useHash();
  const texts = textsOf(language);
  const link = `${location.origin}${location.pathname}${hash}`;
  return (
    <>
      <Header texts={texts} language={language} onLanguage={setLanguage} />
      <main id="content" tabIndex={-1}>
        <section aria-labelledby="claim-title">
          <h2 id="claim-title">{texts.claimTitle}</h2>
          {parseClaimLink(link) === undefined ? (
            <p role="alert">{texts.claimIncomplete}</p>
          ) : (
            <Instructions texts={texts} link={link} />
          )}
        </section>
      </main>
    </>
  );
};

const Instructions = ({ texts, link }: { texts: Texts; link: string }) => {
  const command = `sudo terroir-agent enrol --config /etc/terroir-agent/gateway.yaml '${link}'`;
  return (
    <>
      <p>{texts.claimPurpose(location.host)}</p>
      <p>{texts.claimType}</p>
      <pre class="command" tabIndex={0} aria-label={texts.claimCommand}>
        <code>{command}</code>
      </pre>
      <CopyButton texts={texts} text={command} />
    </>
  );
};

/** Nothing where the browser lets no page copy: over plain HTTP from another machine. */
const CopyButton = ({ texts, text }: { texts: Texts; text: string }) => {
  const [said, setSaid] = useState('');
  useEffect(() => setSaid(''), [text]);
  if (!('clipboard' in navigator)) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid(texts.copied);
    } catch {
      setSaid(texts.notCopied);
    }
  };
  return (
    <p>
      <button type="button" onClick={() => void copy()}>
        {texts.copy}
      </button>{' '}
      <span role="status">{said}</span>
    </p>
  );
};
