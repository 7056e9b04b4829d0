import { useEffect, useState } from 'preact/hooks';
import { api, type Account, type Key, type Session } from './api';
import { Field, Form } from './form';
import { NewPasswordField } from './new-password-field';
import { formatTime } from './format';
import { LimitNote } from './limit';
import { RecoveryCodes, SecondFactorSetup } from './second-factor';
import type { Language, Texts } from './texts';

interface Props {
  texts: Texts;
  language: Language;
}

interface State {
  account: Account;
  sessions: Session[];
  keys: Key[];
  /** Name of the one that the role is limited to. */
  site: string | null;
}

const load = async (): Promise<State> => {
  const [account, sessions, keys] = await Promise.all([api.account(), api.sessions(), api.keys()]);
  const siteId = account.limit?.siteId ?? null;
  const site = siteId === null ? null : (await api.site(siteId).catch(() => ({ name: siteId }))).name;
  return { account, sessions, keys, site };
};

/** One's own account: password, second factor, sessions, keys. */
export const AccountPage = ({ texts, language }: Props) => {
  const [state, setState] = useState<State>();
  const [fault, setFault] = useState(false);
  const refresh = () =>
    load().then(setState, () => {
      setFault(true);
    });
  useEffect(() => void refresh(), []);
  if (fault) return <p role="alert">{texts.unreachable}</p>;
  if (state === undefined) return <p role="status">{texts.loading}</p>;
  const { account, sessions, keys, site } = state;
  return (
    <>
      <section aria-labelledby="account-title">
        <h2 id="account-title">{texts.account}</h2>
        <p>
          {account.name} ({account.login}), {texts.roles[account.role] ?? account.role}
        </p>
        {account.limit !== null && (
          <LimitNote texts={texts} language={language} limit={account.limit} site={site} />
        )}
      </section>
      {account.hasPassword && <Password texts={texts} onDone={refresh} />}
      <SecondFactor texts={texts} account={account} onDone={refresh} />
      <Sessions texts={texts} language={language} sessions={sessions} onDone={refresh} />
      <Keys texts={texts} language={language} account={account} keys={keys} onDone={refresh} />
    </>
  );
};

const Password = ({ texts, onDone }: { texts: Texts; onDone: () => Promise<void> }) => {
  const [changed, setChanged] = useState(0);
  return (
    <section aria-labelledby="password-title" class="narrow">
      <h2 id="password-title">{texts.password}</h2>
      {changed > 0 && <p role="status">{texts.passwordChanged}</p>}
      <Form
        key={changed}
        texts={texts}
        label={texts.changePassword}
        meanings={{ 401: texts.wrongPresentPassword, 422: texts.weakPassword, 429: texts.tooManyAttempts }}
        onSubmit={async (field) => {
          await api.changePassword(field('current'), field('next'));
          setChanged(changed + 1);
          await onDone();
        }}
      >
        <Field name="current" label={texts.presentPassword} type="password" autocomplete="current-password" />
        <NewPasswordField texts={texts} name="next" />
      </Form>
    </section>
  );
};

interface SecondFactorProps {
  texts: Texts;
  account: Account;
  onDone: () => Promise<void>;
}

const SecondFactor = ({ texts, account, onDone }: SecondFactorProps) => {
  const [codes, setCodes] = useState<string[]>();
  const [open, setOpen] = useState<'set-up' | 'renew' | 'remove'>();
  const { since, required, recoveryCodesLeft } = account.secondFactor;
  const close = async () => {
    setOpen(undefined);
    await onDone();
  };
  return (
    <section aria-labelledby="second-factor-title" class="narrow">
      <h2 id="second-factor-title">{texts.secondFactor}</h2>
      <p>{since === null ? texts.noSecondFactor : texts.secondFactorOn(recoveryCodesLeft)}</p>
      {codes !== undefined && <RecoveryCodes texts={texts} codes={codes} />}
      {open === 'set-up' && (
        <SecondFactorSetup texts={texts} needsPassword={account.hasPassword} onDone={() => void close()} />
      )}
      {(open === 'renew' || open === 'remove') && (
        <Form
          key={open}
          texts={texts}
          label={open === 'renew' ? texts.renewCodes : texts.removeSecondFactor}
          meanings={{ 401: texts.wrongPresentPassword, 409: texts.secondFactorRequired }}
          onSubmit={async (field) => {
            if (open === 'renew') setCodes((await api.renewRecoveryCodes(field('password'))).recoveryCodes);
            else await api.removeSecondFactor(field('password'));
            await close();
          }}
        >
          <Field
            name="password"
            label={texts.presentPassword}
            type="password"
            autocomplete="current-password"
            optional={!account.hasPassword}
            first
          />
        </Form>
      )}
      {open === undefined && (
        <p class="buttons">
          <button type="button" onClick={() => setOpen('set-up')}>
            {since === null ? texts.setUp : texts.setUpAnother}
          </button>
          {since !== null && (
            <button type="button" onClick={() => setOpen('renew')}>
              {texts.renewCodes}
            </button>
          )}
          {since !== null && !required && (
            <button type="button" onClick={() => setOpen('remove')}>
              {texts.removeSecondFactor}
            </button>
          )}
        </p>
      )}
    </section>
  );
};

interface SessionsProps extends Props {
  sessions: Session[];
  onDone: () => Promise<void>;
}

const Sessions = ({ texts, language, sessions, onDone }: SessionsProps) => (
  <section aria-labelledby="sessions-title">
    <h2 id="sessions-title">{texts.sessions}</h2>
    <ul class="rows">
      {sessions.map(({ id, current, lastUsed, address, client }) => (
        <li key={id}>
          <span>
            {client} – {address}, {formatTime(lastUsed, language)}
          </span>
          {current ? (
            <strong>{texts.thisSession}</strong>
          ) : (
            <button type="button" onClick={() => void api.endSession(id).then(onDone)}>
              {texts.endSession}
            </button>
          )}
        </li>
      ))}
    </ul>
    {sessions.length > 1 && (
      <button type="button" onClick={() => void api.endOtherSessions().then(onDone)}>
        {texts.endOthers}
      </button>
    )}
  </section>
);

interface KeysProps extends Props {
  account: Account;
  keys: Key[];
  onDone: () => Promise<void>;
}

const Keys = ({ texts, language, account, keys, onDone }: KeysProps) => {
  const [made, setMade] = useState<string>();
  const purposes = Object.entries(texts.purposes);
  return (
    <section aria-labelledby="keys-title" class="narrow">
      <h2 id="keys-title">{texts.keys}</h2>
      <ul class="rows">
        {keys
          .filter(({ revoked }) => revoked === null)
          .map(({ id, name, purpose, expires }) => (
            <li key={id}>
              <span>
                {name} ({texts.purposes[purpose] ?? purpose}) – {texts.until} {formatTime(expires, language)}
              </span>
              <button type="button" onClick={() => void api.revokeKey(id).then(onDone)}>
                {texts.revoke}
              </button>
            </li>
          ))}
      </ul>
      {made !== undefined && (
        <p role="status">
          {texts.keyOnce} <code class="secret">{made}</code>
        </p>
      )}
      <Form
        key={keys.length}
        texts={texts}
        label={texts.createKey}
        onSubmit={async (field) => {
          const order = { name: field('name'), role: account.role, purpose: field('purpose') };
          setMade((await api.createKey(order)).key);
          await onDone();
        }}
      >
        <Field name="name" label={texts.keyName} autocomplete="off" />
        <label>
          {texts.purpose}
          <select name="purpose">
            {purposes.map(([purpose, text]) => (
              <option key={purpose} value={purpose}>
                {text}
              </option>
            ))}
          </select>
        </label>
      </Form>
    </section>
  );
};
