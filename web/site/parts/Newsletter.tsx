import { useId, useState, type FormEvent } from 'react';
import { useAsk, useChange, useDraft, useSite, Widget } from '../context';
import { NewslettersDocument, SubscribeDocument } from '../generated/graphql';

/** Subscribes to the newsletters that are open, once the reader agreed. The address is confirmed by mail. */
export function NewsletterForm({ place }: { place: string }) {
  const { chrome, words, language } = useSite();
  const [{ data, error, fetching }, again] = useAsk(NewslettersDocument, {});
  const subscribe = useChange(SubscribeDocument);
  const [email, setEmail] = useDraft(`newsletter-${place}`);
  const [said, setSaid] = useState<{ text: string; wrong: boolean }>();
  const id = useId();
  const consent = chrome?.site.newsletter;
  const open = data?.newsletters.filter((n) => n.isOpen) ?? [];
  if (!consent || (data && open.length === 0)) return null;
  if (!data && error && !fetching) return <Widget title={words.newsletter} error={error} again={again} />;
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const out = await subscribe({ input: {
      email, newsletterIds: open.map((n) => n.id), consentVersion: consent.version, place, language, website: String(form.get('website') ?? ''),
    } });
    setSaid({ text: out.error ?? words.checkMail, wrong: !!out.error });
    if (!out.error) setEmail('');
  };
  return (
    <div className={`newsletter ${place}`} role="group" aria-labelledby={id}>
      <h2 id={id}>{words.newsletter}</h2>
      <p dir="auto">{open[0]?.description ?? words.newsletterLead}</p>
      <form onSubmit={(e) => void submit(e)}>
        <input type="email" required autoComplete="email" placeholder={words.email} aria-label={words.email} value={email} onChange={(e) => setEmail(e.target.value)} />
        <button type="submit" className="button" disabled={open.length === 0}>{words.subscribe}</button>
        <input className="trap" name="website" tabIndex={-1} autoComplete="off" aria-hidden="true" />
        <label className="check">
          <input type="checkbox" required /> <span dir="auto" dangerouslySetInnerHTML={{ __html: consent.html }} />
        </label>
      </form>
      <p className={said?.wrong ? 'failed' : 'done'} role="status">{said?.text}</p>
    </div>
  );
}
