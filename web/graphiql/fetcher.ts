import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { getIntrospectionQuery, type ExecutionResult } from 'graphql';
import { seeing } from './Account';
import { multipart } from './files';
import type { Settings } from './settings';

/**
 * Names this client to the server. A form or image on another site cannot send a header of its own making, so the
 * server may also take it as proof that a request with a session cookie was meant.
 */
export const CLIENT = { 'X-Broadsheet-Client': 'graphiql' };

/** What an operation cost: see docs/limits.md. */
interface Cost { readonly cost: number; readonly limit: number; readonly remaining?: number; readonly statements?: number }

let last: Cost | undefined;
const watchers = new Set<() => void>();

/** The cost of the last operation, as the server told it. */
export const costs = {
  last: () => last,
  watch: (changed: () => void) => {
    watchers.add(changed);
    return () => void watchers.delete(changed);
  },
};

/** Sends a request, and asks what its operation costs. */
async function priced(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  // The schema comes from the cache of answers, which such requests pass by.
  if (!String(init.body).includes('IntrospectionQuery')) headers.set('X-Broadsheet-Cost', 'yes');
  const response = await fetch(input, { ...init, headers, credentials: seeing.asReader ? 'omit' : 'same-origin' });
  void response.clone().json().then((answer: { extensions?: { cost?: Cost } }) => {
    if (!answer.extensions?.cost) return;
    last = answer.extensions.cost;
    for (const changed of watchers) changed();
  }).catch(() => undefined); // an answer that is none is shown by GraphiQL
  return response;
}

/** GraphiQL's own introspection leaves out @oneOf, by which the editor checks `article(by: …)`. */
const INTROSPECTION = getIntrospectionQuery({
  descriptions: true,
  inputValueDeprecation: true,
  oneOf: true,
  schemaDescription: true,
  specifiedByUrl: true,
});

/** Sends operations to Broadsheet: queries and mutations by POST, subscriptions by WebSocket. */
export function createFetcher(settings: Settings): Fetcher {
  const send = createGraphiQLFetcher({
    url: settings.endpoint,
    headers: CLIENT,
    fetch: priced,
    // Without @defer the plain fetcher serves better: it asks for application/graphql-response+json.
    enableIncrementalDelivery: false,
    // Browsers allow no headers on a WebSocket: the same facts travel in the connection's first message.
    ...(settings.subscriptionUrl && { subscriptionUrl: settings.subscriptionUrl, wsConnectionParams: CLIENT }),
  });
  return (params, options) => {
    const form = multipart(params);
    if (form) return upload(settings.endpoint, form, options?.headers);
    return send(params.operationName === 'IntrospectionQuery' ? { ...params, query: INTROSPECTION } : params, options);
  };
}

/** Sends an operation with its files. The browser names the boundary of the parts itself. */
async function upload(endpoint: string, form: FormData, typed: Record<string, unknown> | undefined): Promise<ExecutionResult> {
  const headers = new Headers({ Accept: 'application/graphql-response+json, application/json', ...CLIENT });
  for (const [name, value] of Object.entries(typed ?? {})) headers.set(name, String(value));
  headers.delete('Content-Type');
  const response = await priced(endpoint, { method: 'POST', headers, body: form });
  return (await response.json()) as ExecutionResult;
}
