import { createContext, useContext, useEffect, useState } from 'react';

/** Where the reader is: a path with its query. */
export interface Place { readonly path: string; readonly query: URLSearchParams; readonly href: string }

export function here(): Place {
  return { path: decode(window.location.pathname), query: new URLSearchParams(window.location.search), href: window.location.pathname + window.location.search };
}

function decode(path: string): string {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

type Listener = () => void;
const listeners = new Set<Listener>();

/** Goes to an address of this site without loading the page anew; to another site as the browser does. */
export function go(to: string, replace = false): void {
  const url = new URL(to, window.location.href);
  // Without a network the service worker has the pages that were read.
  if (url.origin !== window.location.origin || !ours(url.pathname) || !navigator.onLine) {
    window.location.assign(url.href);
    return;
  }
  history.replaceState({ ...(history.state as object | null), y: window.scrollY }, '');
  history[replace ? 'replaceState' : 'pushState']({}, '', url.href);
  for (const listener of listeners) listener();
  if (!url.hash) window.scrollTo(0, 0);
}

/** What the server has at these paths is no page of the application. */
function ours(path: string): boolean {
  return !/^\/(graphql|graphiql|media|auth|mail|partner|_site|sitemaps)(\/|$)|\/feed\/?|\.(xml|txt|graphql)$|^\/account\/export/.test(path);
}

/** The current place; changes with the address. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const changed = () => setPlace(here());
    const back = () => {
      changed();
      const { y } = (history.state ?? {}) as { y?: number };
      requestAnimationFrame(() => window.scrollTo(0, y ?? 0));
    };
    listeners.add(changed);
    window.addEventListener('popstate', back);
    return () => {
      listeners.delete(changed);
      window.removeEventListener('popstate', back);
    };
  }, []);
  return place;
}

/** Follows links of the site by the application, whoever wrote them: also those in bodies. */
export function followLinks(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = (event.target as Element | null)?.closest('a');
  if (!link || !link.href || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href);
  if (url.origin !== window.location.origin || !ours(url.pathname)) return;
  if (url.hash && url.pathname === window.location.pathname && url.search === window.location.search) return;
  event.preventDefault();
  go(url.href);
}

export const PlaceContext = createContext<Place | undefined>(undefined);

export function useHere(): Place {
  const place = useContext(PlaceContext);
  if (!place) throw new Error('no place');
  return place;
}
