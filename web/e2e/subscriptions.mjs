// Subscribes with the clients of graphql-ws and graphql-sse to articlePublished and to one article:
//
//   node e2e/subscriptions.mjs http://localhost:8080/graphql ARTICLE-ID
//
// It writes "ready" when both listen, and ends well when both were told of the same published article, the article was
// told of as it is, and a subscription that is refused said why.
import { createClient as createSocketClient } from 'graphql-ws';
import { createClient as createEventClient } from 'graphql-sse';
import WebSocket from 'ws';

const [url, articleId] = process.argv.slice(2);
if (!url || !articleId) {
  console.error('usage: node e2e/subscriptions.mjs URL ARTICLE-ID');
  process.exit(2);
}
const clients = {
  'graphql-ws': createSocketClient({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, retryAttempts: 0 }),
  'graphql-sse': createEventClient({ url, retryAttempts: 0 }),
};
const listening = [];
const results = [];
for (const [name, client] of Object.entries(clients)) {
  /** @type {() => void} */
  let heard = () => {};
  listening.push(/** @type {Promise<void>} */ (new Promise((resolve) => (heard = resolve))));
  results.push(
    (async () => {
      const updates = client.iterate({ query: 'subscription($id: ID!) { articleUpdated(id: $id) { title } }', variables: { id: articleId } });
      const published = client.iterate({ query: 'subscription { articlePublished { title url } }' });
      const next = published.next(); // iterators subscribe when they are asked
      const first = (await updates.next()).value;
      if (!first.data?.articleUpdated?.title) {
        throw new Error(`${name}: articleUpdated: ${JSON.stringify(first)}`);
      }
      await updates.return?.();
      const query = await client.iterate({ query: '{ site { name } }' }).next();
      if (!query.value.data?.site) {
        throw new Error(`${name}: a query: ${JSON.stringify(query)}`);
      }
      const refused = await client
        .iterate({ query: 'subscription { notificationAdded { id } }' })
        .next()
        .catch((errors) => ({ value: { errors } }));
      if (refused.value.errors?.[0]?.extensions?.code !== 'UNAUTHENTICATED') {
        throw new Error(`${name}: notificationAdded: ${JSON.stringify(refused)}`);
      }
      heard();
      const { value } = await next;
      if (!value.data?.articlePublished) {
        throw new Error(`${name}: articlePublished: ${JSON.stringify(value)}`);
      }
      return value.data.articlePublished.title;
    })().catch((error) => {
      console.log(String(error?.reason ?? error));
      process.exit(1);
    }),
  );
}
await Promise.all(listening);
console.log('ready');
const titles = await Promise.all(results);
console.log(`told: ${titles.join(', ')}`);
process.exit(titles[0] === titles[1] ? 0 : 1);
