// Asks a server by Apollo Client, urql and Relay's runtime, as their users have them:
//
//   node e2e/clients.mjs http://localhost:8080/graphql
//
// Each reads news and pages on, and meets an error; two are told of what is published. It ends well when all read
// the same, and says what differs otherwise.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql as apolloGql } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { RetryLink } from '@apollo/client/link/retry';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, cacheExchange, fetchExchange, gql, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-ws';
import relay from 'relay-runtime';
import WebSocket from 'ws';

const [url] = process.argv.slice(2);
if (!url) {
  console.error('usage: node e2e/clients.mjs URL');
  process.exit(2);
}
const NEWS = `query News($first: Int!, $after: String) {
  latestNews(first: $first, after: $after) { nodes { __typename id title ... on Article { tags { id name } } } pageInfo { hasNextPage endCursor } }
}`;
const BROKEN = 'query Broken { latestNews(first: 1, after: "broken") { nodes { id } } }';
const PUBLISHED = 'subscription Published { articlePublished { id title } }';
const socket = () => createClient({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 });

/** @type {Record<string, () => Promise<string[]>>} */
const clients = {
  async apollo() {
    const client = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: url }) });
    const first = await client.query({ query: apolloGql(NEWS), variables: { first: 2 } });
    const { nodes, pageInfo } = /** @type {any} */ (first.data).latestNews;
    const second = await client.query({ query: apolloGql(NEWS), variables: { first: 2, after: pageInfo.endCursor } });
    await assert.rejects(client.query({ query: apolloGql(BROKEN) }), (/** @type {any} */ error) => {
      assert.ok(CombinedGraphQLErrors.is(error), String(error));
      assert.equal(error.errors[0]?.extensions?.code, 'CURSOR_INVALID');
      return true;
    });
    return titles(nodes, /** @type {any} */ (second.data).latestNews.nodes);
  },
  async 'apollo, by hashes and GET'() {
    const sha256 = (/** @type {string} */ text) => createHash('sha256').update(text).digest('hex');
    const link = ApolloLink.from([new RetryLink(), new PersistedQueryLink({ sha256, useGETForHashedQueries: true }), new HttpLink({ uri: url })]);
    const all = [];
    for (let i = 0; i < 2; i++) { // the first registers
      const client = new ApolloClient({ cache: new InMemoryCache(), link });
      const { data } = await client.query({ query: apolloGql(NEWS), variables: { first: 4 } });
      all.push(titles(/** @type {any} */ (data).latestNews.nodes));
    }
    assert.deepEqual(all[0], all[1]);
    return all[0] ?? [];
  },
  async urql() {
    const client = new Client({ url, preferGetMethod: 'within-url-limit', exchanges: [cacheExchange, fetchExchange] });
    const first = await client.query(gql(NEWS), { first: 2 }).toPromise();
    assert.equal(first.error, undefined);
    const second = await client.query(gql(NEWS), { first: 2, after: first.data.latestNews.pageInfo.endCursor }).toPromise();
    const broken = await client.query(gql(BROKEN), {}).toPromise();
    assert.equal(broken.error?.graphQLErrors[0]?.extensions.code, 'CURSOR_INVALID');
    return titles(first.data.latestNews.nodes, second.data.latestNews.nodes);
  },
  async relay() {
    const environment = new relay.Environment({
      network: relay.Network.create(async (request, variables) => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json' },
          body: JSON.stringify({ query: request.text, variables }),
        });
        return response.json();
      }),
      store: new relay.Store(new relay.RecordSource()),
    });
    const read = async (/** @type {string} */ text, /** @type {any} */ variables) => {
      const request = parameters(text);
      return environment.execute({ operation: relay.createOperationDescriptor(request, variables) }).toPromise();
    };
    const first = /** @type {any} */ (await read(NEWS, { first: 2 }));
    const second = /** @type {any} */ (await read(NEWS, { first: 2, after: first.data.latestNews.pageInfo.endCursor }));
    for (const node of first.data.latestNews.nodes) { // Relay keeps things by id
      assert.equal(environment.getStore().getSource().get(node.id)?.id, node.id);
    }
    return titles(first.data.latestNews.nodes, second.data.latestNews.nodes);
  },
};

const subscribers = {
  apollo: () => new Promise((resolve, reject) => {
    const client = new ApolloClient({ cache: new InMemoryCache(), link: new GraphQLWsLink(socket()) });
    client.subscribe({ query: apolloGql(PUBLISHED) }).subscribe({ next: (result) => resolve(/** @type {any} */ (result.data).articlePublished.title), error: reject });
  }),
  urql: () => new Promise((resolve, reject) => {
    const ws = socket();
    const client = new Client({ url, exchanges: [subscriptionExchange({
      forwardSubscription: (request) => ({ subscribe: (sink) => ({ unsubscribe: ws.subscribe({ query: request.query ?? '', variables: request.variables }, /** @type {any} */ (sink)) }) }),
    })] });
    client.subscription(gql(PUBLISHED), {}).subscribe((result) => (result.error ? reject(result.error) : resolve(result.data.articlePublished.title)));
  }),
};

/** The request as Relay's compiler writes it, with what the runtime normalises. @param {string} text */
function parameters(text) {
  const scalar = (/** @type {string} */ name) => ({ alias: null, args: null, kind: 'ScalarField', name, storageKey: null });
  const linked = (/** @type {string} */ name, /** @type {string} */ concreteType, /** @type {boolean} */ plural, /** @type {any[]} */ selections, /** @type {any} */ args = null) =>
    ({ alias: null, args, concreteType, kind: 'LinkedField', name, plural, selections, storageKey: null });
  const variables = ['after', 'first'].map((name) => ({ kind: 'Variable', name, variableName: name }));
  const selections = [
    linked('latestNews', 'ArticleConnection', false, [
      linked('nodes', 'Article', true, [scalar('__typename'), scalar('id'), scalar('title'), linked('tags', 'Tag', true, [scalar('id'), scalar('name')])]),
      linked('pageInfo', 'PageInfo', false, [scalar('hasNextPage'), scalar('endCursor')]),
    ], variables),
  ];
  const argumentDefinitions = ['first', 'after'].map((name) => ({ defaultValue: null, kind: 'LocalArgument', name }));
  return /** @type {any} */ ({
    fragment: { argumentDefinitions, kind: 'Fragment', metadata: null, name: 'News', selections, type: 'Query', abstractKey: null },
    kind: 'Request',
    operation: { argumentDefinitions, kind: 'Operation', name: 'News', selections },
    params: { cacheID: text, id: null, metadata: {}, name: 'News', operationKind: 'query', text },
  });
}

/** @param {{ title: string }[][]} pages */
function titles(...pages) {
  return pages.flat().map((node) => node.title);
}

const read = Object.fromEntries(await Promise.all(Object.entries(clients).map(async ([name, ask]) => [name, await ask()])));
assert.equal(read.urql.length, 4);
for (const [name, got] of Object.entries(read)) assert.deepEqual(got, read.urql, name);
const told = Promise.all(Object.values(subscribers).map((listen) => listen()));
console.log(`read: ${Object.keys(read).join('; ')}`);
console.log(`told: ${(await told).join(', ')}`);
process.exit(0);
