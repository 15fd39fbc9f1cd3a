import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { useClient, useMutation, useQuery, type AnyVariables, type UseQueryResponse } from 'urql';
import { doc } from './client';
import { ViewerDocument, type ChromeQuery, type TypedDocumentString, type ViewerPartsFragment } from './generated/graphql';
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

/** Runs a query of the site. */
export function useAsk<R, V extends object>(
  text: TypedDocumentString<R, V>, variables: V, more: { pause?: boolean; fresh?: boolean } = {},
): UseQueryResponse<R, AnyVariables> {
  return useQuery({
    query: doc(text), variables: variables as AnyVariables, pause: more.pause ?? false,
    requestPolicy: more.fresh ? 'cache-and-network' : 'cache-first',
  }) as UseQueryResponse<R, AnyVariables>;
}

interface Mistake { readonly code: string; readonly field?: readonly string[] | null; readonly message: string }

/** What came of a mutation: its payload, or the sentence that says why not. */
export type Outcome<P> = { payload: P; error?: undefined; code?: undefined } | { payload?: undefined; error: string; code: string };

/** Runs a mutation with one field and reads its mistakes. */
export function useChange<R extends object, V extends object>(text: TypedDocumentString<R, V>): (variables: V) => Promise<Outcome<NonNullable<R[Exclude<keyof R, '__typename'>]>>> {
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
    return { payload: payload as never };
  };
}

/** Who is signed in: null for nobody, undefined while it is not known. */
export function useViewer(): [ViewerPartsFragment | null | undefined, () => void] {
  const [{ data, error }, again] = useQuery({ query: doc(ViewerDocument), requestPolicy: 'network-only' });
  const viewer = error ? null : ((data as { viewer?: ViewerPartsFragment | null } | undefined)?.viewer);
  return [data || error ? (viewer ?? null) : undefined, () => again({ requestPolicy: 'network-only' })];
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

/** Reads what was kept on the device. Storage may be forbidden or full: then nothing was. */
export function stored(name: string, session = false): string | null {
  try {
    return (session ? window.sessionStorage : window.localStorage).getItem(name);
  } catch {
    return null;
  }
}

export function keep(name: string, value: string | null, session = false): boolean {
  try {
    const storage = session ? window.sessionStorage : window.localStorage;
    if (value === null || value === '') storage.removeItem(name);
    else storage.setItem(name, value);
    return true;
  } catch {
    return false;
  }
}

export const DEVICE = 'broadsheet:device';
