// Opens GraphiQL of a running server in Chromium and works through it like a person.
//
//   npm run e2e -- BASE_URL [SCREENSHOT.png]
//
// Fails when the page breaks its content security policy, writes an error to the console, asks another origin for
// anything, or when an operation, an example among them, is answered with errors. CHROMIUM names the browser.
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const [base, screenshot] = process.argv.slice(2);
if (!base) {
  console.error('usage: npm run e2e -- BASE_URL [SCREENSHOT.png]');
  process.exit(2);
}
const { origin } = new URL(base);

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  headless: true,
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
/** @type {string[]} */
const faults = [];
try {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  await context.addCookies([{ name: 'e2e_session', value: 'present', url: origin }]);
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  watch(page);
  await work(page);
} catch (error) {
  // Reported after what the page itself complained of, which is often the cause.
  faults.push(`stopped: ${error instanceof Error ? error.stack : error}`);
} finally {
  await browser.close();
}
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
console.log('GraphiQL: no faults');

/**
 * Collects whatever a clean page never does.
 * @param {import('playwright-core').Page} page
 */
function watch(page) {
  page.on('console', (message) => {
    // Chromium reports violations of the policy here too, those of workers included.
    if (message.type() === 'error') faults.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => faults.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('request', (request) => {
    const { protocol, origin: target } = new URL(request.url());
    if (protocol.startsWith('http') && target !== origin) faults.push(`other origin: ${request.url()}`);
  });
  page.on('response', (response) => {
    if (response.status() >= 400) faults.push(`status ${response.status()}: ${response.url()}`);
  });
}

/** @param {import('playwright-core').Page} page */
async function work(page) {
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

  const titles = await page.locator('.broadsheet-examples strong').allTextContents();
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
 * Replaces the text of the operation editor at one stroke, so that completion does not meddle.
 * @param {import('playwright-core').Page} page
 * @param {string} text
 */
async function write(page, text) {
  await page.locator('.graphiql-query-editor .view-lines').click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(text);
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
