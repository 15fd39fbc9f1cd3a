// Opens GraphiQL of a running server in Chromium and works through it like a person.
//
//   npm run e2e -- BASE_URL [SCREENSHOT.png]
//
// Fails when the page breaks its content security policy, writes an error to the console, asks another origin for
// anything, or when an operation, an example among them, is answered with errors. CHROMIUM names the browser.
import assert from 'node:assert/strict';
import { travel, write } from './browser.mjs';

const [base, screenshot] = process.argv.slice(2);
if (!base) {
  console.error('usage: npm run e2e -- BASE_URL [SCREENSHOT.png]');
  process.exit(2);
}

await travel('GraphiQL', base, async (page, faults) => {
  await page.context().addCookies([{ name: 'e2e_session', value: 'present', url: new URL(base).origin }]);
  await work(page, faults);
});

/**
 * @param {import('playwright-core').Page} page
 * @param {string[]} faults
 */
async function work(page, faults) {
  const response = await page.goto(new URL('/graphiql', base).href);
  const policy = response?.headers()['content-security-policy'] ?? '';
  assert.match(policy, /script-src 'self';/);
  assert.doesNotMatch(policy, /unsafe-eval/);

  const endpoint = await page.locator('#graphiql').getAttribute('data-endpoint');
  assert.ok(endpoint, 'the page names no endpoint');

  // The schema is there once the documentation lists the root types.
  await page.getByRole('button', { name: 'Show Documentation Explorer' }).click();
  await page.locator('.graphiql-doc-explorer').getByText('Query', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Show Examples' }).click();

  await page.getByRole('button', { name: 'New tab' }).click();
  const request = page.waitForRequest((r) => r.method() === 'POST' && (r.postData() ?? '').includes('query Check'));
  await write(page, 'query Check { __typename }');
  await page.getByRole('tab', { name: 'Check' }).waitFor(); // GraphiQL has read the new text
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const headers = await (await request).allHeaders();
  assert.equal(headers['x-broadsheet-client'], 'graphiql');
  assert.match(headers['cookie'] ?? '', /e2e_session=present/);
  await page.locator('.result-window').getByText('"Query"').waitFor();

  // The marks come from a worker: it runs, and it knows the schema.
  await write(page, 'query Wrong { thereIsNoSuchField }');
  await page.locator('.graphiql-query-editor .squiggly-error').first().waitFor();
  await write(page, 'query Check { __typename }');

  await openSocket(page);

  const titles = await page.locator('.broadsheet-examples button:not([data-needs]):not([data-operation=FollowArticles]) strong').allTextContents();
  assert.ok(titles.length > 0, 'there are no examples');
  // The first comes last, to be seen in the picture.
  for (const title of titles.reverse()) {
    await page.locator('.broadsheet-examples').getByRole('button', { name: title }).click();
    const answer = page.waitForResponse((r) => new URL(r.url()).pathname === endpoint);
    await page.getByRole('button', { name: /^Execute query/ }).click();
    const { errors } = await (await answer).json();
    if (errors) faults.push(`example "${title}": ${JSON.stringify(errors)}`);
  }

  await page.locator('.result-window').getByText('"data"').waitFor();
  if (screenshot) await page.screenshot({ path: screenshot });
}

/**
 * Opens the WebSocket of subscriptions from within the page, which the policy must allow.
 * @param {import('playwright-core').Page} page
 */
async function openSocket(page) {
  const path = await page.locator('#graphiql').getAttribute('data-subscription-endpoint');
  if (!path) return;
  const protocol = await page.evaluate(
    (path) =>
      new Promise((resolve, reject) => {
        const url = new URL(path, window.location.href);
        url.protocol = url.protocol.replace(/^http/, 'ws');
        const socket = new WebSocket(url, 'graphql-transport-ws');
        socket.onopen = () => {
          resolve(socket.protocol);
          socket.close();
        };
        socket.onerror = () => reject(new Error(`no WebSocket at ${url.href}`));
      }),
    path,
  );
  assert.equal(protocol, 'graphql-transport-ws');
}
