import { useEffect, useState } from 'preact/hooks';
import { api, type Invitation, type Provider, type SignedIn } from './api';
import { Field, Form } from './form';
import { NewPasswordField } from './new-password-field';
import { LimitNote } from './limit';
import type { Language, Texts } from './texts';

/** The token of an invitation that the address carries; what follows # reaches no log. */
export const invitationOf = (hash: string): string | undefined =>
  /^#invitation=(ti1_[a-z2-7]+)$/.exec(hash)?.[1];

interface Props {
  texts: Texts;
  language: Language;
  token: string;
  onSession: (session: SignedIn) => void;
}

/** Joins by an invitation, or chooses a new password by a link. */
export const AcceptInvitation = ({ texts, language, token, onSession }: Props) => {
  const [invitation, setInvitation] = useState<Invitation | 'gone'>();
  const [providers, setProviders] = useState<Provider[]>([]);
  const [joined, setJoined] = useState<SignedIn>();
  useEffect(() => {
    void api.lookAtInvitation(token).then(setInvitation, () => setInvitation('gone'));
    void api.providers().then(setProviders, () => undefined);
  }, [token]);
  if (joined !== undefined) return <Joined texts={texts} session={joined} onSession={onSession} />;
  if (invitation === undefined) return <p role="status">{texts.loading}</p>;
  if (invitation === 'gone') return <p role="alert">{texts.invitationGone}</p>;
  const { reset, organisationName, role, limit, login, name } = invitation;
  const accept = async (field: (name: string) => string) => {
    const chosen = reset ? {} : { login: field('login'), name: field('name') };
    const session = await api.acceptInvitation({ token, password: field('password'), ...chosen });
    if (reset) onSession(session);
    else setJoined(session);
  };
  const signOn = async (id: string) =>
    location.assign((await api.startSignOn(id, { invitation: token })).url);
  return (
    <section class="login" aria-labelledby="invitation-title">
      <h2 id="invitation-title">{reset ? texts.newPassword : texts.invitedTo(organisationName)}</h2>
      {!reset && <p>{texts.asRole(texts.roles[role] ?? role)}</p>}
      {!reset && limit !== null && (
        <LimitNote texts={texts} language={language} limit={limit} site={limit.site} />
      )}
      <Form
        texts={texts}
        label={reset ? texts.goOn : texts.join}
        meanings={{ 410: texts.invitationGone, 422: texts.weakPassword }}
        onSubmit={accept}
      >
        {!reset && (
          <>
            <Field name="name" label={texts.yourName} autocomplete="name" value={name ?? ''} first />
            <Field name="login" label={texts.loginBegins} autocomplete="off" value={login ?? ''} />
          </>
        )}
        <NewPasswordField texts={texts} name="password" first={reset} />
      </Form>
      {!reset &&
        providers.map((provider) => (
          <button
            key={provider.id}
            type="button"
            class="secondary"
            onClick={() => void signOn(provider.id).catch(() => setInvitation('gone'))}
          >
            {texts.signInWith(provider.name)}
          </button>
        ))}
    </section>
  );
};

/** The login is made here and shown once, before the console opens. */
const Joined = ({
  texts,
  session,
  onSession,
}: Pick<Props, 'texts' | 'onSession'> & { session: SignedIn }) => (
  <section class="login" aria-labelledby="joined-title">
    <h2 id="joined-title">{texts.yourLogin}</h2>
    <p role="status">
      <strong>{session.login}</strong>
    </p>
    <p>{texts.keepLogin}</p>
    <button type="button" onClick={() => onSession(session)}>
      {texts.goOn}
    </button>
  </section>
);
