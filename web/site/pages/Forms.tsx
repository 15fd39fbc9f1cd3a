import { useRef, useState } from 'react';
import { useAsk, useChange, useDraft, useSite, Widget } from '../context';
import {
  ClaimCommentDocument, DeleteCommentDocument, EditCommentDocument, GuestCommentDocument, type GuestCommentQuery,
  ConfirmEmailChangeDocument, ConfirmSubscriptionDocument, ContactDocument, NewsletterPreferencesDocument, RequestPasswordResetDocument, RequestSignInLinkDocument,
  ResetPasswordDocument, SignInDocument, SignInWithLinkDocument, SignUpDocument, StopDigestDocument, UnsubscribeDocument, UpdatePreferencesDocument, VerifyEmailDocument, type PreferencesFragment,
} from '../generated/graphql';
import { Loading } from '../parts/Loading';
import { done, Field, Panel, wrong, type Said, type Value } from '../parts/Panel';
import { go, useHere } from '../router';
import type { PageProps } from '../routes';

export default function Forms({ kind }: PageProps) {
  const { query } = useHere();
  const token = query.get('token') ?? '';
  switch (kind) {
    case 'sign-in': return token ? <Linked token={token} /> : <SignIn />;
    case 'sign-up': return <SignUp invitation={token} />;
    case 'lost-password': return <Lost />;
    case 'reset-password': return <Reset token={token} />;
    case 'verify': return <Verify token={token} />;
    case 'confirm-email': return <ConfirmEmail token={token} />;
    case 'confirm': return <ConfirmSubscription token={token} />;
    case 'preferences': return <Preferences token={token} />;
    case 'stop-digest': return <StopDigest token={token} />;
    case 'unsubscribe': return <Unsubscribe token={token} />;
    case 'own-comment': return <OwnComment token={token} />;
    default: return <Contact />;
  }
}

function SignIn() {
  const { words, href, reload, chrome } = useSite();
  const { query } = useHere();
  const [factor, setFactor] = useState(false);
  const signIn = useChange(SignInDocument);
  const link = useChange(RequestSignInLinkDocument);
  const email = useRef('');
  const send = async (value: Value): Promise<Said> => {
    email.current = value('email');
    const out = await signIn({ input: { email: value('email'), password: value('password'), code: value('code') || null, transport: 'COOKIE' } });
    if (out.code === 'SECOND_FACTOR_REQUIRED') setFactor(true);
    if (out.error !== undefined) return wrong(out.error);
    reload();
    const next = query.get('next');
    go(next?.startsWith('/') && !next.startsWith('//') ? next : href('/'));
    return undefined;
  };
  return (
    <Panel title={words.signIn} label={words.signIn} send={send} foot={
      <ul className="plain">
        <li><a href={href('/account/lost-password')}>{words.forgot}</a></li>
        {chrome?.site.registration === 'OPEN' && <li><a href={href('/account/sign-up')}>{words.signUp}</a></li>}
        <li><LinkInstead send={async (address) => (await link({ email: address })).error} /></li>
        {chrome?.site.signInProviders.map((p) => <li key={p.name}><a href={p.url}>{p.name}</a></li>)}
      </ul>
    }>
      <Field name="email" type="email" auto="username" label={words.email} />
      <Field name="password" type="password" auto="current-password" label={words.password} />
      {factor && <Field name="code" auto="one-time-code" label={words.code} />}
    </Panel>
  );
}

function LinkInstead({ send }: { send: (email: string) => Promise<string | undefined> }) {
  const { words, toast } = useSite();
  const press = async () => {
    const field = document.querySelector<HTMLInputElement>('input[name=email]');
    if (!field?.reportValidity()) return;
    toast((await send(field.value)) ?? words.mailSent);
  };
  return <button type="button" className="link" onClick={() => void press()}>{words.linkInstead}</button>;
}

function Linked({ token }: { token: string }) {
  const { words, href, reload } = useSite();
  const signIn = useChange(SignInWithLinkDocument);
  return (
    <Panel title={words.signIn} label={words.signIn} send={async () => {
      const out = await signIn({ input: { token, transport: 'COOKIE' } });
      if (out.error !== undefined) return wrong(out.error);
      reload();
      go(href('/'));
      return undefined;
    }} />
  );
}

function SignUp({ invitation }: { invitation: string }) {
  const { words, language, chrome } = useSite();
  const signUp = useChange(SignUpDocument);
  if (chrome && chrome.site.registration !== 'OPEN' && !invitation) return <section className="panel-page"><h1>{words.signUp}</h1><p>{words.closedSignUp}</p></section>;
  return (
    <Panel title={words.signUp} label={words.signUp} send={async (value) => {
      const out = await signUp({ input: { email: value('email'), displayName: value('name'), password: value('password'), language: language.startsWith('ar') ? 'ar' : 'en', invitation: invitation || null } });
      return out.error !== undefined ? wrong(out.error) : done(words.accountMade);
    }}>
      <Field name="name" auto="name" label={words.name} />
      <Field name="email" type="email" auto="username" label={words.email} />
      <Field name="password" type="password" auto="new-password" label={words.password} hint={words.passwordHint} />
    </Panel>
  );
}

function Lost() {
  const { words } = useSite();
  const ask = useChange(RequestPasswordResetDocument);
  return (
    <Panel title={words.forgot} lead={words.forgotLead} label={words.send} send={async (value) => {
      const out = await ask({ email: value('email') });
      return out.error !== undefined ? wrong(out.error) : done(words.mailSent);
    }}>
      <Field name="email" type="email" auto="username" label={words.email} />
    </Panel>
  );
}

function Reset({ token }: { token: string }) {
  const { words } = useSite();
  const reset = useChange(ResetPasswordDocument);
  return (
    <Panel title={words.chooseNew} label={words.saveChanges} send={async (value) => {
      const out = await reset({ token, password: value('password') });
      return out.error !== undefined ? wrong(out.error) : done(words.passwordChanged);
    }}>
      <Field name="password" type="password" auto="new-password" label={words.newPassword} hint={words.passwordHint} />
    </Panel>
  );
}

function Verify({ token }: { token: string }) {
  const { words, href, reload } = useSite();
  const verify = useChange(VerifyEmailDocument);
  return (
    <Panel title={words.verify} label={words.confirm} send={async () => {
      const out = await verify({ token });
      if (out.error !== undefined) return wrong(out.error);
      reload();
      go(href('/interests'));
      return undefined;
    }} />
  );
}

function ConfirmEmail({ token }: { token: string }) {
  const { words, reload } = useSite();
  const confirm = useChange(ConfirmEmailChangeDocument);
  return (
    <Panel title={words.verify} label={words.confirm} send={async () => {
      const out = await confirm({ token });
      if (out.error !== undefined) return wrong(out.error);
      reload();
      return done(words.changesSaved);
    }} />
  );
}

function ConfirmSubscription({ token }: { token: string }) {
  const { words, href } = useSite();
  const confirm = useChange(ConfirmSubscriptionDocument);
  const [preferences, setPreferences] = useState('');
  return (
    <Panel title={words.confirmAsk} label={words.confirm} foot={preferences && <p><a href={href(`/newsletters/preferences?token=${encodeURIComponent(preferences)}`)}>{words.preferences}</a></p>} send={async () => {
      const out = await confirm({ token });
      if (out.error !== undefined) return wrong(out.error);
      setPreferences(out.payload.preferencesToken ?? '');
      return done(words.confirmed);
    }} />
  );
}

function Preferences({ token }: { token: string }) {
  const { words } = useSite();
  const [{ data, fetching, error }, again] = useAsk(NewsletterPreferencesDocument, { token }, { fresh: true });
  const found = data?.newsletterPreferences;
  if (!found && error && !fetching) return <Widget title={words.preferences} error={error} again={again} />;
  if (!found) return fetching ? <Loading /> : <section className="panel-page"><h1>{words.preferences}</h1><p>{words.badLink}</p></section>;
  return <Chosen token={token} found={found} />;
}

function Chosen({ token, found }: { token: string; found: PreferencesFragment }) {
  const { words, chrome } = useSite();
  const update = useChange(UpdatePreferencesDocument);
  const [chosen, setChosen] = useState(() => new Set(found.subscriptions.filter((s) => s.isSubscribed).map((s) => s.newsletter.id)));
  const turn = (id: string, on: boolean) => {
    const next = new Set(chosen);
    if (on) next.add(id);
    else next.delete(id);
    setChosen(next);
  };
  return (
    <Panel title={words.preferences} lead={found.maskedEmail} label={words.saveChanges} send={async () => {
      const out = await update({ input: { token, newsletterIds: [...chosen], consentVersion: chrome?.site.newsletter?.version ?? null } });
      return out.error !== undefined ? wrong(out.error) : done(words.changesSaved);
    }}>
      {found.subscriptions.map(({ newsletter: n }) => (
        <label key={n.id} className="check"><input type="checkbox" checked={chosen.has(n.id)} onChange={(e) => turn(n.id, e.target.checked)} /> <span><b>{n.name}</b> {n.description}</span></label>
      ))}
    </Panel>
  );
}

function Unsubscribe({ token }: { token: string }) {
  const { words } = useSite();
  const leave = useChange(UnsubscribeDocument);
  return (
    <Panel title={words.unsubscribe} lead={words.leaveAsk} label={words.unsubscribe} send={async () => {
      const out = await leave({ token });
      return out.error !== undefined ? wrong(out.error) : done(words.unsubscribed);
    }} />
  );
}

function StopDigest({ token }: { token: string }) {
  const { words, href } = useSite();
  const stop = useChange(StopDigestDocument);
  return (
    <Panel title={words.stopDigest} lead={words.stopDigestAsk} label={words.stopDigest} foot={<p><a href={href('/account/settings')}>{words.settings}</a></p>} send={async () => {
      const out = await stop({ token });
      return out.error !== undefined ? wrong(out.error) : done(words.digestStopped);
    }} />
  );
}

/** The comment of a guest, by the link of the mail: to change, to delete, or to make part of the account. */
function OwnComment({ token }: { token: string }) {
  const { words } = useSite();
  const [{ data, fetching, error }, again] = useAsk(GuestCommentDocument, { token }, { fresh: true });
  const found = data?.guestComment;
  if (!found && error && !fetching) return <Widget title={words.yourComment} error={error} again={again} />;
  if (!found) return fetching ? <Loading /> : <section className="panel-page"><h1>{words.yourComment}</h1><p>{words.badLink}</p></section>;
  return <Owned key={found.commentId} token={token} found={found} />;
}

function Owned({ token, found }: { token: string; found: NonNullable<GuestCommentQuery['guestComment']> }) {
  const { words, viewer, href, toast } = useSite();
  const { path } = useHere();
  const edit = useChange(EditCommentDocument);
  const remove = useChange(DeleteCommentDocument);
  const claim = useChange(ClaimCommentDocument);
  const [body, setBody] = useState(found.body);
  const [gone, setGone] = useState('');
  const own = { id: found.commentId, guestToken: token };
  const away = async (out: { error?: string | undefined }, text: string) => (out.error !== undefined ? toast(out.error) : setGone(text));
  if (gone) return <section className="panel-page"><h1>{words.yourComment}</h1><p role="status">{gone}</p></section>;
  const open = new Date(found.editableUntil) > new Date();
  const foot = (
    <ul className="plain">
      <li><button type="button" className="link" onClick={() => void remove({ input: own }).then((out) => away(out, words.commentDeleted))}>{words.deleteComment}</button></li>
      <li>
        {viewer
          ? <button type="button" className="link" onClick={() => void claim({ input: own }).then((out) => away(out, words.commentClaimed))}>{words.claimComment}</button>
          : <a href={href(`/account/sign-in?next=${encodeURIComponent(`${path}?token=${encodeURIComponent(token)}`)}`)}>{words.claimSignIn}</a>}
      </li>
      {found.article && <li><a href={found.article.path}>{found.article.title}</a></li>}
    </ul>
  );
  if (!open) return <section className="panel-page"><title>{words.yourComment}</title><h1>{words.yourComment}</h1><p dir="auto">{found.body}</p><p>{words.editOver}</p>{foot}</section>;
  return (
    <Panel title={words.yourComment} lead={found.state === 'WAITING' ? words.waiting : undefined} label={words.saveChanges} foot={foot} send={async () => {
      const out = await edit({ input: { ...own, body } });
      if (out.error !== undefined) return wrong(out.error);
      return done(out.payload.state === 'WAITING' ? words.waiting : words.changesSaved);
    }}>
      <label>{words.comment}<textarea required rows={6} dir="auto" value={body} onChange={(e) => setBody(e.target.value)} /></label>
    </Panel>
  );
}

function Contact() {
  const { words } = useSite();
  const [message, setMessage] = useDraft('contact');
  const opened = useRef(Date.now());
  const submit = useChange(ContactDocument);
  return (
    <Panel title={words.contact} label={words.send} send={async (value) => {
      const out = await submit({ input: {
        name: value('name'), email: value('email'), subject: value('subject'), message, website: value('website'), secondsOnPage: Math.round((Date.now() - opened.current) / 1000) + 1,
      } });
      if (out.error !== undefined) return wrong(out.code === 'FORBIDDEN' ? words.contactClosed : out.error);
      setMessage('');
      return done(words.messageSent);
    }}>
      <Field name="name" auto="name" label={words.name} draft="contact-name" />
      <Field name="email" type="email" auto="email" label={words.email} draft="contact-email" />
      <Field name="subject" label={words.subject} draft="contact-subject" />
      <label>{words.message}<textarea required rows={6} dir="auto" value={message} onChange={(e) => setMessage(e.target.value)} /></label>
      <input className="trap" name="website" tabIndex={-1} autoComplete="off" aria-hidden="true" />
    </Panel>
  );
}
