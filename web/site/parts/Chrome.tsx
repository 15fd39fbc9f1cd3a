import { useEffect, useState, useSyncExternalStore, type FormEvent } from 'react';
import { DEVICE, keep, stored, useChange, usePhrases, useSite } from '../context';
import { BreakingNewsDocument, RecordConsentDocument, SignOutDocument, type BreakingNewsSubscription, type MenuPartsFragment } from '../generated/graphql';
import { useLive } from '../live';
import { go, useHere } from '../router';
import { NewsletterForm } from './Newsletter';

type Item = MenuPartsFragment['items'][number];

/** The path of a link of a menu, which may be an address of this site or of another. */
function useLink(): (url: string | null | undefined) => string {
  const { chrome, href } = useSite();
  return (url) => {
    if (!url) return href('/');
    const own = chrome?.site.url?.replace(/\/$/, '');
    const path = own && url.startsWith(own) ? url.slice(own.length) || '/' : url;
    return path.startsWith('/') ? href(path) : path;
  };
}

export function Masthead() {
  const { chrome, words, href, viewer, language } = useSite();
  const { day } = usePhrases();
  const place = useHere();
  const link = useLink();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [place.href]);
  const other = language.startsWith('ar') ? 'en' : 'ar';
  const items = chrome?.header?.items ?? [];
  return (
    <header className="masthead">
      <div className="bar">
        <p className="date">{day(new Date().toISOString())}</p>
        <nav className="tools" aria-label={words.account}>
          <a href={chrome?.site.language === other ? '/' : `/languages/${other}`} lang={other} hrefLang={other}>{words.otherLanguage}</a>
          <a href={href('/reading-list')}>{words.readingList}</a>
          {viewer ? <Account /> : <a href={href('/account/sign-in')}>{words.signIn}</a>}
        </nav>
      </div>
      <div className="nameplate">
        <button type="button" className="menu-button" aria-expanded={open} aria-controls="sections" onClick={() => setOpen(!open)}>
          <span aria-hidden="true">☰</span> <span className="label">{open ? words.close : words.menu}</span>
        </button>
        <a className="name" href={href('/')}>
          {chrome?.site.logo && <Logo />}
          <span>{chrome?.site.name}</span>
        </a>
        <SearchBox />
      </div>
      <nav className={open ? 'sections open' : 'sections'} id="sections" aria-label={words.sections}>
        <ul>
          {items.map((item) => <SectionItem key={item.id} item={item} link={link} here={place.path} />)}
        </ul>
      </nav>
    </header>
  );
}

function Logo() {
  const { chrome } = useSite();
  const light = chrome?.site.logo;
  if (!light) return null;
  return (
    <picture className="logo">
      {chrome?.site.dark && <source srcSet={chrome.site.dark.url} media="(prefers-color-scheme: dark)" />}
      <img src={light.url} alt="" width={light.width ?? 240} height={light.height ?? 48} />
    </picture>
  );
}

function SectionItem({ item, link, here }: { item: Item; link: (url: string | null | undefined) => string; here: string }) {
  const to = link(item.url);
  return (
    <li>
      <a href={to} aria-current={here === to.split('?')[0] ? 'page' : undefined}>{item.label}</a>
      {item.children.length > 0 && (
        <ul>{item.children.map((child) => <li key={child.id}><a href={link(child.url)}>{child.label}</a></li>)}</ul>
      )}
    </li>
  );
}

function SearchBox() {
  const { words, href } = useSite();
  const place = useHere();
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get('q') ?? '').trim();
    if (text) go(href(`/search?q=${encodeURIComponent(text)}`));
  };
  return (
    <form className="search-box" role="search" action="/search" onSubmit={submit}>
      <input type="search" name="q" aria-label={words.search} placeholder={words.search} defaultValue={place.path === '/search' ? (place.query.get('q') ?? '') : ''} key={place.href} />
      <button type="submit" aria-label={words.search}>
        <svg viewBox="0 0 20 20" width="16" height="16" fill="none" stroke="currentColor" strokeWidth="2" aria-hidden="true"><circle cx="8.500" cy="8.500" r="5.500" /><path d="m13 13 5 5" /></svg>
      </button>
    </form>
  );
}

function Account() {
  const { viewer, words, href, toast } = useSite();
  const signOut = useChange(SignOutDocument);
  if (!viewer) return null;
  return (
    <>
      <a href={href('/notifications')}>{words.notifications}{viewer.unreadNotificationCount > 0 && <b className="count"> {viewer.unreadNotificationCount}</b>}</a>
      <a href={href('/interests')}>{viewer.displayName}</a>
      <button type="button" className="link" onClick={() => void signOut({}).then((out) => (out.error === undefined ? window.location.reload() : toast(out.error)))}>{words.signOut}</button>
    </>
  );
}

export function Footer() {
  const { chrome, words, href } = useSite();
  const link = useLink();
  const columns = chrome?.footer?.items ?? [];
  return (
    <footer className="foot">
      <div className="foot-grid">
        <div className="foot-about">
          <p className="foot-name">{chrome?.site.name}</p>
          <p dir="auto">{chrome?.site.description}</p>
        </div>
        {columns.map((column) => (
          <nav key={column.id} aria-label={column.label}>
            <h2>{column.label}</h2>
            <ul>
              {column.children.map((item) => <li key={item.id}><a href={link(item.url)}>{item.label}</a></li>)}
              {column === columns[0] && <li><a href={href('/archive')}>{words.archive}</a></li>}
            </ul>
          </nav>
        ))}
        <NewsletterForm place="footer" />
      </div>
      <p className="copyright"><span dir="auto">{chrome?.site.copyright}</span> <a href="/_site/licenses.md">{words.licences}</a></p>
    </footer>
  );
}

const CONSENT = 'broadsheet:consent';

/** The line about what the site keeps. It stays away once it was accepted, also where nothing can be stored. */
export function Consent() {
  const { chrome, words } = useSite();
  const record = useChange(RecordConsentDocument, true);
  const consent = chrome?.site.siteUse;
  const [shown, setShown] = useState(false);
  useEffect(() => {
    setShown(!!consent && stored(CONSENT) !== consent.version);
  }, [consent]);
  if (!consent || !shown) return null;
  const accept = () => {
    keep(CONSENT, consent.version);
    setShown(false);
    void record({ version: consent.version });
  };
  return (
    <aside className="consent" aria-label={words.privacy}>
      <p dir="auto" dangerouslySetInnerHTML={{ __html: consent.html }} />
      <button type="button" className="button" onClick={accept}>{words.accept}</button>
    </aside>
  );
}

/** Breaking news, as it is sent, over whatever is read. */
export function Breaking() {
  const { words } = useSite();
  const [news, setNews] = useState<BreakingNewsSubscription['breakingNews']>();
  useLive(BreakingNewsDocument, {}, (event) => setNews(event.breakingNews));
  return (
    <div role="alert">
      {news && (
        <div className="breaking" lang={news.article.language} dir={news.article.direction.toLowerCase()}>
          <a href={news.article.path} onClick={() => setNews(undefined)}><b>{words.breaking}</b> {news.text}</a>
          <button type="button" aria-label={words.close} onClick={() => setNews(undefined)}>×</button>
        </div>
      )}
    </div>
  );
}

function watchNetwork(changed: () => void): () => void {
  for (const name of ['online', 'offline']) window.addEventListener(name, changed);
  return () => { for (const name of ['online', 'offline']) window.removeEventListener(name, changed); };
}

/** Says that there is no network, as long as there is none. */
export function Network() {
  const { words } = useSite();
  const online = useSyncExternalStore(watchNetwork, () => navigator.onLine);
  return <p className="network" role="status" hidden={online}>{!online && words.offline}</p>;
}

export interface ToastProps { readonly text: string; readonly action?: { label: string; act: () => void } }

/** Says what has happened, with a way back. */
export function Toast({ toast, done }: { toast: ToastProps | undefined; done: () => void }) {
  useEffect(() => {
    if (!toast) return;
    const timer = window.setTimeout(done, 12_000);
    return () => window.clearTimeout(timer);
  }, [toast, done]);
  return (
    <div className="toast" role="status" hidden={!toast}>
      {toast?.text} {toast?.action && <button type="button" className="link" onClick={() => { toast.action?.act(); done(); }}>{toast.action.label}</button>}
    </div>
  );
}

export { DEVICE };
