import { useState, type FormEvent, type ReactNode } from 'react';
import { keep, stored } from '../context';
import { useHere } from '../router';

export type Said = { text: string; wrong: boolean } | undefined;
export type Value = (name: string) => string;

/** A form of few fields: a page, or `part` of one. `send` gives what to say when it is wrong, or when it is done. */
export function Panel({ title, part = false, lead, children, label, send, foot }: {
  title: string; part?: boolean; lead?: ReactNode; children?: ReactNode; label: string; send: (value: Value) => Promise<Said>; foot?: ReactNode;
}) {
  const [said, setSaid] = useState<Said>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setSaid(undefined);
    setSaid(await send((name) => String(form.get(name) ?? '')));
    setBusy(false);
  };
  const below = useHere().path === '/contact' || part; // it stands below a page with a heading of its own
  return (
    <section className="panel-page">
      {!below && <title>{title}</title>}
      {!below && <h1>{title}</h1>}
      {part && <h2>{title}</h2>}
      {lead && <p>{lead}</p>}
      <form className="panel" onSubmit={(e) => void submit(e)}>
        {children}
        <button type="submit" className="button" disabled={busy}>{label}</button>
        <p className={said?.wrong ? 'failed' : 'done'} role="status">{said?.text}</p>
      </form>
      {foot}
    </section>
  );
}

export function Field({ name, label, type = 'text', auto, hint, draft = '' }: { name: string; label: string; type?: string; auto?: string; hint?: string; draft?: string }) {
  const key = `broadsheet:draft:${draft}`;
  return (
    <label>
      {label}
      <input name={name} type={type} required autoComplete={auto} defaultValue={draft ? (stored(key, true) ?? '') : ''} onChange={draft ? (e) => keep(key, e.target.value, true) : undefined} dir={type === 'text' ? 'auto' : 'ltr'} />
      {hint && <small>{hint}</small>}
    </label>
  );
}

export const wrong = (text: string): Said => ({ text, wrong: true });
export const done = (text: string): Said => ({ text, wrong: false });
