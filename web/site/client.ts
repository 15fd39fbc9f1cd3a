import { cacheExchange } from '@urql/exchange-graphcache';
import { Client, createRequest, fetchExchange, gql, makeResult, subscriptionExchange, type AnyVariables, type DocumentInput, type Exchange } from 'urql';
import { filter, map, merge, pipe, share } from 'wonka';
import type { Client as SocketClient, Sink } from 'graphql-ws';
import type { TypedDocumentString } from './generated/graphql';

/** An answer that came with the page: the application does not ask for it again. */
export interface FirstAnswer {
  readonly name: string;
  readonly variables: Record<string, unknown>;
  readonly result: { data?: Record<string, unknown> | null; errors?: readonly { message: string }[] };
}

type Typed<R, V> = TypedDocumentString<R, V>;

const parsed = new WeakMap<object, DocumentInput>();
/** Ids of documents that the server knows, and their texts, by the names of their operations. */
const ids = new Map<string, string>();
const sources = new Map<string, string>();

/** Gives urql a generated document, and remembers by which id the server knows it. */
export function doc<R, V>(text: Typed<R, V>): DocumentInput<R, V & AnyVariables> {
  const key = text as unknown as object;
  let document = parsed.get(key);
  if (!document) {
    const source = text.toString();
    document = gql(source);
    parsed.set(key, document);
    const name = /(?:query|mutation|subscription)\s+(\w+)/.exec(source)?.[1];
    const hash = (text as unknown as { __meta__?: { hash?: string } }).__meta__?.hash;
    if (name && hash) ids.set(name, hash);
    if (name) sources.set(name, source);
  }
  return document as DocumentInput<R, V & AnyVariables>;
}

/** Sends the id of a document in place of its text, and the text to a server that does not know the id. */
async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const body = JSON.parse(String(init?.body)) as { operationName?: string; variables?: unknown; query?: string };
  const id = import.meta.env.PROD && body.operationName ? ids.get(body.operationName) : undefined;
  if (!id) return fetch(input, init);
  const short = await fetch(input, { ...init, body: JSON.stringify({ documentId: id, variables: body.variables ?? {} }) });
  if (short.status !== 400) return short;
  const text = await short.clone().text();
  return text.includes('PERSISTED_QUERY_NOT_FOUND') ? fetch(input, init) : short;
}

function firstAnswers(answers: readonly FirstAnswer[]): Exchange {
  const left = new Map<string, FirstAnswer>();
  const key = (name: string, variables: unknown) => `${name} ${JSON.stringify(sorted(variables))}`;
  for (const a of answers) left.set(key(a.name, a.variables), a);
  const find = (operation: { kind: string; query: { definitions: readonly unknown[] }; variables: unknown }) => {
    if (operation.kind !== 'query' || left.size === 0) return undefined;
    const [first] = operation.query.definitions as readonly { name?: { value: string } }[];
    return left.get(key(first?.name?.value ?? '', operation.variables));
  };
  return ({ forward }) =>
    (operations) => {
      const shared = pipe(operations, share);
      return merge([
        pipe(
          shared,
          filter((o) => find(o) !== undefined),
          map((o) => {
            const a = find(o);
            if (a) left.delete(key(a.name, a.variables)); // asked again, it is asked of the server
            return makeResult(o, a?.result ?? {});
          }),
        ),
        forward(pipe(shared, filter((o) => find(o) === undefined))),
      ]);
    };
}

function sorted(variables: unknown): Record<string, unknown> {
  const entries = Object.entries((variables ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.filter(([, v]) => v !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)));
}

let socket: Promise<SocketClient> | undefined;

let open = false;
const watchers = new Set<() => void>();

function turn(now: boolean) {
  if (open === now) return;
  open = now;
  for (const told of watchers) told();
}

/** Whether the WebSocket is connected, for useSyncExternalStore. */
export const line = {
  open: () => open,
  watch(told: () => void) {
    watchers.add(told);
    return () => void watchers.delete(told);
  },
};

/** The one WebSocket of the page, with the library that speaks its protocol: both come with the first subscription. */
function connect(): Promise<SocketClient> {
  socket ??= import('graphql-ws').then(({ createClient }) => createClient({
    url: new URL('/graphql', window.location.href).href.replace(/^http/, 'ws'),
    connectionParams: { 'X-Broadsheet-Client': 'site' },
    lazyCloseTimeout: 5_000, keepAlive: 30_000, retryAttempts: Infinity, shouldRetry: () => true,
    retryWait: (n) => new Promise((done) => { setTimeout(done, Math.min(2 ** n, 60) * 1000 * (0.5 + Math.random())); }), // at most a minute or so, and not all at once
    on: { connected: () => turn(true), closed: () => turn(false) },
  })).catch((error: unknown) => {
    socket = undefined; // the file may come at the next try
    throw error;
  });
  return socket;
}

/** Sends a subscription in the very text that the server knows, in case it answers no other. */
const subscriptions = subscriptionExchange({
  forwardSubscription: (request) => ({
    subscribe(sink) {
      let over = false;
      let end = () => { over = true; };
      const name = /subscription\s+(\w+)/.exec(request.query ?? '')?.[1] ?? '';
      connect().then((client) => {
        if (!over) end = client.subscribe({ query: sources.get(name) ?? request.query ?? '', variables: request.variables as Record<string, unknown> }, sink as Sink<never>);
      }, (error: unknown) => sink.error(error));
      return { unsubscribe: () => end() };
    },
  }),
});

/** Makes the client. Answers are kept by the ids of what is in them; types without an id are parts of their parents. */
export function makeClient(answers: readonly FirstAnswer[]): Client {
  const preview = new URLSearchParams(window.location.search).get('preview');
  return new Client({
    url: '/graphql',
    preferGetMethod: false,
    fetch: send,
    fetchOptions: () => ({
      credentials: 'same-origin',
      headers: { 'X-Broadsheet-Client': 'site', ...(preview ? { 'X-Broadsheet-Preview': preview } : {}) },
      signal: AbortSignal.timeout(20_000),
    }),
    exchanges: [
      cacheExchange({ keys: { Viewer: () => null, ArticleViewerState: () => null, CommentReactionState: () => null } }),
      firstAnswers(answers),
      subscriptions,
      fetchExchange,
    ],
  });
}

export { createRequest };
