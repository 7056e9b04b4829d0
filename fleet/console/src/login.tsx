import { useEffect, useState } from 'preact/hooks';
import { api, type Need, type Provider, type SignedIn } from './api';
import { Field, Form } from './form';
import { NewPasswordField } from './new-password-field';
import { SecondFactorSetup } from './second-factor';
import type { Texts } from './texts';

interface Props {
  texts: Texts;
  /** What an open session still needs. */
  needs: Need | null;
  onSession: (session: SignedIn) => void;
}

/** From nobody to somebody who may act, one step at a time. */
export const Login = ({ texts, needs, onSession }: Props) => {
  if (needs === 'second-factor') return <Code texts={texts} onSession={onSession} />;
  if (needs === 'new-password') return <NewPassword texts={texts} onSession={onSession} />;
  if (needs === 'second-factor-enrolment') {
    return (
      <section class="login" aria-labelledby="second-factor-title">
        <h2 id="second-factor-title">{texts.secondFactor}</h2>
        <p>{texts.secondFactorRequired}</p>
        <SecondFactorSetup texts={texts} needsPassword={false} onDone={onSession} />
      </section>
    );
  }
  return <Password texts={texts} onSession={onSession} />;
};

type StepProps = Pick<Props, 'texts' | 'onSession'>;

const Password = ({ texts, onSession }: StepProps) => {
  const [withCode, setWithCode] = useState(false);
  return (
    <section class="login" aria-label={texts.signIn}>
      <Form
        texts={texts}
        label={texts.signIn}
        meanings={{
          401: withCode ? texts.wrongPasswordOrCode : texts.wrongPassword,
          429: texts.tooManyAttempts,
        }}
        onSubmit={async (field) => {
          try {
            onSession(await api.login(field('login'), field('password'), field('code')));
          } catch (error) {
            // under attack a code given at once lets in who has one
            if (error instanceof Error && error.message.includes('together with the password'))
              setWithCode(true);
            throw error;
          }
        }}
      >
        <Field name="login" label={texts.login} autocomplete="username" first />
        <Field name="password" label={texts.password} type="password" autocomplete="current-password" />
        {withCode && (
          <Field name="code" label={texts.code} autocomplete="one-time-code" hint={texts.codeNow} optional />
        )}
      </Form>
      <Providers texts={texts} />
    </section>
  );
};

const REFUSALS = /^#sign-on-refused=([a-z-]+)$/;

/** Sign-on elsewhere: the providers that everybody may see, and the one that the link names. */
const Providers = ({ texts }: { texts: Texts }) => {
  const [providers, setProviders] = useState<Provider[]>([]);
  const [fault, setFault] = useState<string | undefined>(() => {
    const [, code] = REFUSALS.exec(location.hash) ?? [];
    return code === undefined ? undefined : (texts.signOnRefusals[code] ?? texts.signOnRefused);
  });
  const start = (id: string) => {
    api.startSignOn(id, {}).then(
      ({ url }) => location.assign(url),
      () => setFault(texts.signOnRefused),
    );
  };
  useEffect(() => {
    const [, named] = /^#sign-on=([a-z0-9-]+)$/.exec(location.hash) ?? [];
    if (named !== undefined) setProviders([{ id: named, name: texts.yourOrganisation }]);
    else void api.providers().then(setProviders, () => undefined);
  }, []);
  return (
    <>
      {fault !== undefined && <p role="alert">{fault}</p>}
      {providers.map(({ id, name }) => (
        <button key={id} type="button" class="secondary" onClick={() => start(id)}>
          {texts.signInWith(name)}
        </button>
      ))}
    </>
  );
};

const Code = ({ texts, onSession }: StepProps) => (
  <section class="login" aria-label={texts.secondFactor}>
    <Form
      texts={texts}
      label={texts.goOn}
      meanings={{ 401: texts.wrongCode, 429: texts.tooManyAttempts }}
      onSubmit={async (field) => onSession(await api.giveCode(field('code')))}
    >
      <Field name="code" label={texts.code} autocomplete="one-time-code" hint={texts.codeHint} first />
    </Form>
  </section>
);

const NewPassword = ({ texts, onSession }: StepProps) => (
  <section class="login" aria-label={texts.newPassword}>
    <p>{texts.newPasswordNeeded}</p>
    <Form
      texts={texts}
      label={texts.goOn}
      meanings={{ 401: texts.wrongPresentPassword, 422: texts.weakPassword }}
      onSubmit={async (field) => onSession(await api.changePassword(field('current'), field('next')))}
    >
      <Field
        name="current"
        label={texts.presentPassword}
        type="password"
        autocomplete="current-password"
        first
      />
      <NewPasswordField texts={texts} name="next" />
    </Form>
  </section>
);
