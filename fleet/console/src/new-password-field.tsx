import { Field } from './form';
import type { Texts } from './texts';

/** A password to choose, with what it takes. */
export const NewPasswordField = ({ texts, name, first }: { texts: Texts; name: string; first?: boolean }) => (
  <Field
    name={name}
    label={texts.newPassword}
    type="password"
    autocomplete="new-password"
    hint={texts.passwordHint}
    first={first === true}
  />
);
