import { Component, lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, type ComponentType, type ReactNode } from 'react';
import { SiteContext, useAsk, useMergedDevice, useViewer, type Site } from './context';
import { ChromeDocument } from './generated/graphql';
import type { First } from './main';
import { Breaking, Consent, Footer, Masthead, Network, Toast, type ToastProps } from './parts/Chrome';
import { Missing } from './parts/Missing';
import { useKept } from './offline';
import { followLinks, here, PlaceContext, usePlace } from './router';
import { routeOf, type PageProps } from './routes';
import { useWords } from './words';

const loaded = new Map<string, ComponentType<PageProps>>();

/** The whole site: what is around the content, and the page of the address. */
export function App({ first, page }: { first: First; page: ComponentType<PageProps> }) {
  const place = usePlace();
  const route = routeOf(place.path);
  const start = useRef(here().href);
  const isFirst = place.href === start.current;
  const [language, speak] = useLanguage(first.language, place.path, place.query);
  const [known, reloadViewer] = useViewer();
  const viewer = useMergedDevice(known);
  const [{ data: chrome }] = useAsk(ChromeDocument, { language });
  const [toast, setToast] = useState<ToastProps>();
  const words = useWords(language);
  const main = chrome?.site.language ?? 'en';
  const site: Site = useMemo(() => ({
    language, words, chrome, viewer, speak, timeZone: chrome?.site.timeZone ?? 'UTC', reload: reloadViewer,
    toast: (text, action) => setToast({ text, ...(action ? { action } : {}) }),
    href: (path) => {
      if (language === main || /^\/(articles|languages)\//.test(path)) return path;
      return path === '/' ? `/languages/${language}` : `${path}${path.includes('?') ? '&' : '?'}language=${language}`;
    },
  }), [language, words, chrome, viewer, speak, main, reloadViewer]);

  useEffect(() => {
    document.addEventListener('click', followLinks);
    return () => document.removeEventListener('click', followLinks);
  }, []);
  useEffect(() => {
    document.documentElement.lang = language;
    document.documentElement.dir = language.startsWith('ar') ? 'rtl' : 'ltr';
  }, [language]);
  useKept(place.href, isFirst);
  const content = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!isFirst) content.current?.focus({ preventScroll: true });
  }, [place.path, isFirst]);

  const Page = useMemo(() => {
    if (isFirst) return page;
    const known = loaded.get(route.kind);
    if (known) return known;
    const made = lazy(route.load);
    loaded.set(route.kind, made);
    return made;
  }, [isFirst, page, route.kind]);

  return (
    <SiteContext value={site}>
      <PlaceContext value={place}>
        <a className="skip" href="#content">{words.skip}</a>
        <Masthead />
        <main id="content" tabIndex={-1} ref={content}>
          <Net key={place.path} words={words.failed} retry={words.retry}>
            <Suspense fallback={<p className="loading">{words.working}</p>}>
              {isFirst && first.status >= 400 ? <Missing status={first.status} /> : <Page key={`${route.kind} ${route.slug}`} slug={route.slug} kind={route.kind} />}
            </Suspense>
          </Net>
        </main>
        <Footer />
        <Consent />
        <Breaking />
        <Network />
        <Toast toast={toast} done={useCallback(() => setToast(undefined), [])} />
      </PlaceContext>
    </SiteContext>
  );
}

/** The language of a place: what its address says, else what its page told, else that of the page before. */
function useLanguage(first: string, path: string, query: URLSearchParams): [string, (language: string) => void] {
  const named = query.get('language') ?? (path.startsWith('/languages/') ? path.split('/')[2] : undefined);
  const [told, setTold] = useState<{ path: string; language: string }>({ path, language: first });
  const speak = useCallback((language: string) => setTold((t) => (t.language === language && t.path === path ? t : { path, language })), [path]);
  const front = path === '/';
  if (named && /^[A-Za-z-]{2,20}$/.test(named)) return [named, speak];
  if (told.path === path || !front) return [told.language, speak];
  return [document.documentElement.dataset['language'] ?? 'en', speak];
}

/** Catches what a page throws, so that the way to other pages stays. */
class Net extends Component<{ children: ReactNode; words: string; retry: string }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <p className="failed page-message" role="alert">
        {this.props.words} <button type="button" onClick={() => window.location.reload()}>{this.props.retry}</button>
      </p>
    );
  }
}
