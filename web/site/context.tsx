import { createContext, useCallback, useContext, useEffect, useState, type ReactNode } from 'react';
import { useClient, useMutation, useQuery, type AnyVariables, type UseQueryResponse, type UseQueryState } from 'urql';
import { doc } from './client';
import { MergeBookmarksDocument, ViewerDocument, type ChromeQuery, type TypedDocumentString, type ViewerPartsFragment } from './generated/graphql';
import { day, moment, type Words } from './words';

/** What every part of a page may need to know. */
export interface Site {
  readonly language: string;
  readonly words: Words;
  readonly chrome: ChromeQuery | undefined;
  readonly timeZone: string;
  readonly viewer: ViewerPartsFragment | null | undefined;
  /** Tells what the page is in, when it is not what was thought. */
  readonly speak: (language: string) => void;
  /** The address of a list in the language of this page. */
  readonly href: (path: string) => string;
  readonly toast: (text: string, action?: { label: string; act: () => void }) => void;
  readonly reload: () => void;
}

export const SiteContext = createContext<Site | undefined>(undefined);

export function useSite(): Site {
  const site = useContext(SiteContext);
  if (!site) throw new Error('no site');
  return site;
}

/** Runs a query of the site, and gives a way to ask the server once more. A `fresh` one follows what the reader changes in other tabs. */
export function useAsk<R, V extends object>(
  text: TypedDocumentString<R, V>, variables: V, more: { pause?: boolean; fresh?: boolean } = {},
): [UseQueryState<R>, () => void] {
  const { pause = false, fresh = false } = more;
  const [result, run] = useQuery({
    query: doc(text), variables: variables as AnyVariables, pause, requestPolicy: fresh ? 'cache-and-network' : 'cache-first',
  }) as UseQueryResponse<R, AnyVariables>;
  const again = useCallback(() => run({ requestPolicy: 'network-only' }), [run]);
  useEffect(() => (fresh && !pause ? heed(again) : undefined), [fresh, pause, again]);
  return [result, again];
}

const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('broadsheet');

/** Tells other tabs that the reader has changed something. */
function tell(): void {
  channel?.postMessage('changed');
}

/** Asks again when another tab has changed something. */
function heed(again: () => void): () => void {
  channel?.addEventListener('message', again);
  return () => channel?.removeEventListener('message', again);
}

interface Mistake { readonly code: string; readonly field?: readonly string[] | null; readonly message: string }

/** What came of a mutation: its payload, or the sentence that says why not. */
export type Outcome<P> = { payload: P; error?: undefined; code?: undefined } | { payload?: undefined; error: string; code: string };

/** Runs a mutation with one field and reads its mistakes. Other tabs of the reader hear of it, unless it is `quiet`: of nothing that they show. */
export function useChange<R extends object, V extends object>(text: TypedDocumentString<R, V>, quiet = false): (variables: V) => Promise<Outcome<NonNullable<R[Exclude<keyof R, '__typename'>]>>> {
  const [, run] = useMutation(doc(text));
  const { words } = useSite();
  return async (variables) => {
    const result = await run(variables as never);
    if (result.error) {
      const code = String(result.error.graphQLErrors[0]?.extensions?.['code'] ?? 'NETWORK');
      const said = code === 'UNAUTHENTICATED' ? words.expired : code === 'NETWORK' ? words.offlineTitle : (result.error.graphQLErrors[0]?.message ?? words.failed);
      return { error: said, code };
    }
    const data = (result.data ?? {}) as Record<string, { userErrors?: readonly Mistake[] } | null | string>;
    const payload = Object.entries(data).find(([name]) => name !== '__typename')?.[1];
    if (!payload || typeof payload === 'string') return { error: words.failed, code: 'FAILED' };
    const [mistake] = payload.userErrors ?? [];
    if (mistake) return { error: mistake.message, code: mistake.code };
    if (!quiet) tell();
    return { payload: payload as never };
  };
}

/** Who is signed in: null for nobody, undefined while it is not known. */
export function useViewer(): [ViewerPartsFragment | null | undefined, () => void] {
  const [{ data, error }, again] = useQuery({ query: doc(ViewerDocument), requestPolicy: 'network-only' });
  const viewer = error ? null : ((data as { viewer?: ViewerPartsFragment | null } | undefined)?.viewer);
  const reload = useCallback(() => again({ requestPolicy: 'network-only' }), [again]);
  useEffect(() => heed(reload), [reload]);
  return [data || error ? (viewer ?? null) : undefined, reload];
}

/**
 * Moves the bookmarks of this device to the account that is signed in, whatever way that was. Until it is done it is not known who is here, so that
 * lists are read after it.
 */
export function useMergedDevice(viewer: ViewerPartsFragment | null | undefined): ViewerPartsFragment | null | undefined {
  const [, merge] = useMutation(doc(MergeBookmarksDocument));
  const [tried, setTried] = useState('');
  const token = viewer ? (stored(DEVICE) ?? '') : '';
  const waits = token !== '' && token !== tried;
  useEffect(() => {
    if (!waits) return;
    void merge({ deviceToken: token } as never).then(({ error }) => {
      if (!error) keep(DEVICE, null); // else it is tried again when the site is opened again
      setTried(token);
    });
  }, [waits, token, merge]);
  return waits ? undefined : viewer;
}

/** Asks whether the session of the reader lasts. When that cannot be told, it does. */
export function useStillHere(): () => Promise<boolean> {
  const client = useClient();
  return async () => {
    const { data, error } = await client.query(doc(ViewerDocument), {}, { requestPolicy: 'network-only' }).toPromise();
    return !!error || !!data?.viewer;
  };
}

export function usePhrases() {
  const { words, timeZone } = useSite();
  return { words, day: (at: string | null | undefined) => day(at, words, timeZone), moment: (at: string | null | undefined) => moment(at, words, timeZone) };
}

/** A part of a page that loads by itself: it fails alone, with a way to try again. */
export function Widget({ title, id, fetching, error, again, children, className = '' }: {
  title?: ReactNode; id?: string; fetching?: boolean; error?: unknown; again?: () => void; children?: ReactNode; className?: string;
}) {
  const { words } = useSite();
  return (
    <section className={`widget ${className}`} id={id} aria-busy={fetching ? true : undefined}>
      {title && <h2 className="rule-title">{title}</h2>}
      {error ? (
        <p className="failed" role="alert">
          {words.failed} <button type="button" onClick={() => again?.()}>{words.retry}</button>
        </p>
      ) : children}
    </section>
  );
}

/** What a reader typed stays on the device until it was sent. */
export function useDraft(key: string, initial = ''): [string, (text: string) => void] {
  const name = `broadsheet:draft:${key}`;
  const [text, setText] = useState(() => stored(name, true) ?? initial);
  useEffect(() => {
    keep(name, text, true);
  }, [name, text]);
  return [text, setText];
}

/** What could not be kept on the device, for as long as the page is there. */
const unkept = new Map<string, string | null>();

/** Reads what was kept on the device. Storage may be forbidden or full: then it lasts as long as the page. */
export function stored(name: string, session = false): string | null {
  const held = unkept.get(name);
  if (held !== undefined) return held;
  try {
    return (session ? window.sessionStorage : window.localStorage).getItem(name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string | null, session = false): void {
  try {
    const storage = session ? window.sessionStorage : window.localStorage;
    if (value === null || value === '') storage.removeItem(name);
    else storage.setItem(name, value);
    unkept.delete(name);
  } catch {
    unkept.set(name, value || null);
  }
}

export const DEVICE = 'broadsheet:device';
