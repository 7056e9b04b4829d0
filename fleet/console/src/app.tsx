import { useEffect, useRef, useState } from 'preact/hooks';
import { AccountPage } from './account';
import { api, ApiError, type Gateway, type Latest, type Need, type Organisation, type SignedIn } from './api';
import { Chart } from './chart';
import { Gateways } from './gateways';
import { Header, type PageName } from './header';
import { LatestValues } from './latest';
import { AcceptInvitation, invitationOf } from './invitation';
import { Login } from './login';
import { SharingPage } from './sharing';
import { textsOf, type Language, type Texts } from './texts';
import { useHash } from './use-hash';
import { useLanguage } from './use-language';

const REFRESH_MS = 3000;

interface State {
  organisations: Organisation[];
  gateways: Gateway[];
  latest: Latest[];
}

/** `Need`: signed in, but something is still to be given. */
type Access = 'unknown' | 'signed-in' | 'signed-out' | Need;

const accessOf = (session: SignedIn | null): Access =>
  session === null ? 'signed-out' : (session.needs ?? 'signed-in');

const load = async (): Promise<State> => {
  const [organisations, gateways, latest] = await Promise.all([
    api.organisations(),
    api.gateways(),
    api.latest(),
  ]);
  return { organisations, gateways, latest };
};

/** The territory's state, asked for again and again while somebody is signed in and looks. */
const useTerritory = (access: Access, setAccess: (access: Access) => void) => {
  const [state, setState] = useState<State>();
  const [unreachable, setUnreachable] = useState(false);

  useEffect(() => {
    if (access !== 'signed-in' && access !== 'unknown') {
      setState(undefined);
      return undefined;
    }
    let timer: ReturnType<typeof setTimeout> | undefined;
    let live = true;
    const refresh = async () => {
      try {
        if (access === 'unknown') setAccess(accessOf(await api.session()));
        else if (!document.hidden) setState(await load());
        setUnreachable(false);
      } catch (error) {
        if (error instanceof ApiError && error.status === 401) setAccess('signed-out');
        else setUnreachable(true);
      }
      if (live) timer = setTimeout(() => void refresh(), REFRESH_MS);
    };
    void refresh();
    return () => {
      live = false;
      clearTimeout(timer);
    };
  }, [access]);

  return { state, unreachable };
};

interface TerritoryProps {
  texts: Texts;
  language: Language;
  state: State;
}

const Territory = ({ texts, language, state }: TerritoryProps) => {
  const [point, setPoint] = useState<string>();
  const { gateways, latest, organisations } = state;
  const shown = latest.find(({ id }) => id === point) ?? latest.find(isTelling) ?? latest.find(isGauge);
  return (
    <>
      <Gateways texts={texts} language={language} gateways={gateways} organisations={organisations} />
      {shown !== undefined && <Chart texts={texts} point={shown} language={language} />}
      <LatestValues
        texts={texts}
        language={language}
        latest={latest}
        organisations={organisations}
        shown={shown?.id}
        onShow={setPoint}
      />
    </>
  );
};

const pageOf = (hash: string): PageName =>
  hash === '#account' ? 'account' : hash === '#sharing' ? 'sharing' : 'territory';

export const App = () => {
  const [language, setLanguage] = useLanguage();
  const [access, setAccess] = useState<Access>('unknown');
  const [hash, setHash] = useHash();
  const main = useRef<HTMLElement>(null);
  const { state, unreachable } = useTerritory(access, setAccess);
  const texts = textsOf(language);

  const signOut = async () => {
    await api.logout();
    location.hash = '';
    setAccess('signed-out');
  };
  const onSession = (session: SignedIn) => {
    // a link that brought somebody here has done its work
    history.replaceState(null, '', '/');
    setHash('');
    setAccess(accessOf(session));
    main.current?.focus();
  };
  const invitation = invitationOf(hash);
  const page = invitation === undefined && access === 'signed-in' ? pageOf(hash) : 'territory';
  const shows =
    invitation === undefined && page === 'territory' && (access === 'unknown' || access === 'signed-in');

  return (
    <>
      <Header
        texts={texts}
        language={language}
        onLanguage={setLanguage}
        shown={page}
        signedIn={access === 'signed-in'}
        onSignOut={access === 'signed-out' || access === 'unknown' ? undefined : () => void signOut()}
      />
      <main id="content" tabIndex={-1} ref={main}>
        {unreachable && <p role="alert">{texts.unreachable}</p>}
        {invitation !== undefined && (
          <AcceptInvitation texts={texts} language={language} token={invitation} onSession={onSession} />
        )}
        {invitation === undefined && access !== 'unknown' && access !== 'signed-in' && (
          <Login texts={texts} needs={access === 'signed-out' ? null : access} onSession={onSession} />
        )}
        {page === 'account' && <AccountPage texts={texts} language={language} />}
        {page === 'sharing' && <SharingPage texts={texts} language={language} />}
        {shows && state === undefined && !unreachable && <p role="status">{texts.loading}</p>}
        {shows && access === 'signed-in' && state !== undefined && (
          <Territory texts={texts} language={language} state={state} />
        )}
      </main>
    </>
  );
};

/** What people look at first. */
const isTelling = ({ property }: Latest): boolean => property === 'active_power';
const isGauge = ({ kind, value }: Latest): boolean => kind === 'gauge' && typeof value === 'number';
