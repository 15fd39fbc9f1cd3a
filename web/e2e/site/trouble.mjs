// Bad days: an API that is down, slow or fails by half, and no network.
import assert from 'node:assert/strict';
import { another, at, nameOf, story } from './hands.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** The API is down, answers half, or is slow: each part fails alone, and tries again when it is told to. @param {Page} page */
export async function trouble(page) {
  const { reader, close } = await another(page);
  const text = reader.locator('.prose').getByText('show of hands').first();
  const retry = (/** @type {import('playwright-core').Locator} */ part) => part.getByRole('button', { name: 'Try again' }).first();
  /** @typedef {import('playwright-core').Route} Route */
  const down = (/** @type {Route} */ route) => route.abort();
  await reader.route('**/graphql', down);
  await reader.goto(at(story));
  await retry(reader.locator('.comments')).waitFor();
  await text.waitFor();
  await reader.locator('.sections').getByRole('link', { name: 'World', exact: true }).click();
  await retry(reader.locator('main')).waitFor();
  await reader.unroute('**/graphql', down);
  await retry(reader.locator('main')).click();
  await reader.getByRole('heading', { level: 1, name: 'World' }).waitFor();

  const failing = new Set(['Comments']);
  await reader.route('**/graphql', async (route) => {
    const name = nameOf(route.request().postData() ?? '');
    if (!failing.has(name)) return route.continue();
    await route.fulfill({ contentType: 'application/json', body: JSON.stringify({ data: { article: null }, errors: [{ message: 'internal error', path: ['article'], extensions: { code: 'INTERNAL' } }] }) });
  });
  await reader.goto(at(story));
  await retry(reader.locator('.comments')).waitFor();
  await text.waitFor();
  await reader.getByRole('group', { name: 'Newsletter' }).first().waitFor();
  failing.clear();
  await retry(reader.locator('.comments')).click();
  await reader.getByRole('form', { name: 'Comment' }).waitFor();
  failing.add('ArticlePage');
  await reader.locator('.related .teaser h3 a').first().click();
  await retry(reader.locator('main')).waitFor();
  assert.equal(await reader.locator('.big-number').count(), 0, 'a failure is shown as a page that does not exist');
  failing.clear();
  await retry(reader.locator('main')).click();
  await reader.locator('.story-head h1').waitFor();

  let come = () => {};
  const gate = new Promise((/** @type {(value?: unknown) => void} */ done) => { come = done; });
  await reader.route('**/graphql', async (route) => {
    if (nameOf(route.request().postData() ?? '') === 'Comments') await gate;
    await route.fallback();
  });
  await reader.goto(at(story));
  await reader.getByRole('button', { name: 'Save', exact: true }).waitFor();
  await text.waitFor();
  assert.equal(await reader.getByRole('form', { name: 'Comment' }).count(), 0);
  come();
  await reader.getByRole('form', { name: 'Comment' }).waitFor();
  await close();
}

/** Without a network what was read is there, and the rest says that there is none. @param {Page} page */
export async function offline(page) {
  const { reader, close } = await another(page, { serviceWorkers: 'allow' });
  await reader.goto(at('/'));
  await reader.evaluate(() => navigator.serviceWorker.ready.then(() => new Promise((done) => {
    if (navigator.serviceWorker.controller) done(true);
    else navigator.serviceWorker.addEventListener('controllerchange', () => done(true));
  })));
  await reader.goto(at(story));
  await reader.locator('.story-head h1').waitFor();
  await reader.waitForLoadState('networkidle');
  await reader.context().setOffline(true);
  await reader.goto(at(story));
  await reader.locator('.prose').getByText('show of hands').first().waitFor();
  await reader.getByText('What is shown may be old').waitFor();
  await reader.goto(at('/sections/world'));
  await reader.getByRole('heading', { level: 1, name: 'You are offline' }).waitFor();
  await reader.context().setOffline(false);
  await reader.getByRole('link', { name: 'Try again' }).click();
  await reader.getByRole('heading', { level: 1, name: 'World' }).waitFor();
  await close();
}
