import { useEffect, useState } from 'preact/hooks';
import { encode } from 'uqr';
import { api, type SignedIn } from './api';
import { Field, Form } from './form';
import type { Texts } from './texts';

const QUIET_ZONE = 4;

/** A QR code as one path: no styles, no images from elsewhere. */
const QrCode = ({ text, label }: { text: string; label: string }) => {
  const { data, size } = encode(text, { border: QUIET_ZONE });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label}>
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
};

export const RecoveryCodes = ({ texts, codes }: { texts: Texts; codes: string[] }) => (
  <>
    <p role="status">{texts.recoveryCodesOnce}</p>
    <ul class="codes">
      {codes.map((code) => (
        <li key={code}>
          <code>{code}</code>
        </li>
      ))}
    </ul>
  </>
);

interface SetupProps {
  texts: Texts;
  /** Asked again of who has been signed in for a while. */
  needsPassword: boolean;
  onDone: (session: SignedIn) => void;
}

/** Sets up an authenticator app: QR code, one code of it, then the recovery codes. */
export const SecondFactorSetup = ({ texts, needsPassword, onDone }: SetupProps) => {
  const [begun, setBegun] = useState<{ secret: string; uri: string }>();
  const [done, setDone] = useState<{ recoveryCodes: string[]; session: SignedIn }>();
  const begin = async (password: string) => setBegun(await api.beginSecondFactor(password));
  useEffect(() => {
    if (!needsPassword) void begin('').catch(() => undefined);
  }, []);
  if (done !== undefined) {
    return (
      <>
        <RecoveryCodes texts={texts} codes={done.recoveryCodes} />
        <button type="button" onClick={() => onDone(done.session)}>
          {texts.codesKept}
        </button>
      </>
    );
  }
  if (begun === undefined) {
    if (!needsPassword) return <p role="status">{texts.loading}</p>;
    return (
      <Form
        texts={texts}
        label={texts.setUp}
        meanings={{ 401: texts.wrongPresentPassword }}
        onSubmit={(field) => begin(field('password'))}
      >
        <Field
          name="password"
          label={texts.presentPassword}
          type="password"
          autocomplete="current-password"
          first
        />
      </Form>
    );
  }
  return (
    <>
      <p>{texts.scanThis}</p>
      <QrCode text={begun.uri} label={texts.qrLabel} />
      <p>
        {texts.orType} <code class="secret">{begun.secret}</code>
      </p>
      <Form
        texts={texts}
        label={texts.confirm}
        meanings={{ 401: texts.wrongCode }}
        onSubmit={async (field) => setDone(await api.confirmSecondFactor(field('code')))}
      >
        <Field name="code" label={texts.codeOfApp} autocomplete="one-time-code" first />
      </Form>
    </>
  );
};
