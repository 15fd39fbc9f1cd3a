import { createGraphiQLFetcher, type Fetcher } from '@graphiql/toolkit';
import { getIntrospectionQuery } from 'graphql';
import { seeing } from './Account';
import type { Settings } from './settings';

/**
 * Names this client to the server. A form or image on another site cannot send a header of its own making, so the
 * server may also take it as proof that a request with a session cookie was meant.
 */
export const CLIENT = { 'X-Broadsheet-Client': 'graphiql' };

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
    fetch: (input, init) => fetch(input, { ...init, credentials: seeing.asReader ? 'omit' : 'same-origin' }),
    // Without @defer the plain fetcher serves better: it asks for application/graphql-response+json.
    enableIncrementalDelivery: false,
    // Browsers allow no headers on a WebSocket: the same facts travel in the connection's first message.
    ...(settings.subscriptionUrl && { subscriptionUrl: settings.subscriptionUrl, wsConnectionParams: CLIENT }),
  });
  return (params, options) =>
    send(params.operationName === 'IntrospectionQuery' ? { ...params, query: INTROSPECTION } : params, options);
}
