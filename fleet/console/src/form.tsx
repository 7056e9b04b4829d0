import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api';
import type { Texts } from './texts';

interface FieldProps {
  name: string;
  label: string;
  type?: 'text' | 'password';
  autocomplete: string;
  value?: string;
  hint?: string;
  optional?: boolean;
  /** Where the reader is put when the form appears. */
  first?: boolean;
}

/** One labelled field, with what it takes said to everybody. */
export const Field = ({
  name,
  label,
  type = 'text',
  autocomplete,
  value,
  hint,
  optional,
  first,
}: FieldProps) => {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (first === true) input.current?.focus();
  }, [first]);
  const common = {
    name,
    autocomplete,
    defaultValue: value ?? '',
    required: optional !== true,
    ref: input,
    ...(hint === undefined ? {} : { 'aria-describedby': `${name}-hint` }),
  };
  return (
    <label>
      {label}
      {type === 'password' ? <input type="password" {...common} /> : <input type="text" {...common} />}
      {hint !== undefined && (
        <span class="hint" id={`${name}-hint`}>
          {hint}
        </span>
      )}
    </label>
  );
};

interface FormProps {
  texts: Texts;
  label: string;
  /** Gets the fields' texts by name. */
  onSubmit: (field: (name: string) => string) => Promise<unknown>;
  /** What a refusal means here, by status; else what the service says. */
  meanings?: Record<number, string>;
  children: ComponentChildren;
}

/** A form that says what went wrong, and takes one answer at a time. */
export const Form = ({ texts, label, onSubmit, meanings = {}, children }: FormProps) => {
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement) || busy) return;
    const data = new FormData(form);
    setBusy(true);
    setFault(undefined);
    try {
      await onSubmit((name) => {
        const value = data.get(name);
        return typeof value === 'string' ? value : '';
      });
    } catch (error) {
      if (!(error instanceof ApiError)) setFault(texts.unreachable);
      else setFault(meanings[error.status] ?? error.message);
    }
    setBusy(false);
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      {children}
      {fault !== undefined && <p role="alert">{fault}</p>}
      <button type="submit" aria-disabled={busy}>
        {label}
      </button>
    </form>
  );
};
