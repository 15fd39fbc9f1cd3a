// Bad days: an API that is down, slow or fails by half, no network, a new version of the site, storage that takes nothing.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { another, at, nameOf, open, story } from './hands.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Route} Route */
/** @typedef {import('playwright-core').Locator} Locator */

const retry = (/** @type {Locator | Page} */ part) => part.getByRole('button', { name: 'Try again' }).first();

/** Lets some operations fail: all of them, or one field of their answers. @param {Page} reader @param {Map<string, string[] | null>} failing names with the path of the field that fails; null: the whole answer */
async function fail(reader, failing) {
  await reader.route('**/graphql', async (route) => {
    const name = nameOf(route.request().postData() ?? '{}');
    const path = failing.get(name);
    if (path === undefined) return route.fallback();
    const errors = [{ message: 'internal error', path: path ?? [], extensions: { code: 'INTERNAL' } }];
    if (!path) return route.fulfill({ contentType: 'application/json', body: JSON.stringify({ data: null, errors }) });
    const answer = await (await route.fetch()).json();
    let at = answer.data;
    for (const step of path.slice(0, -1)) at = at[step];
    at[path.at(-1) ?? ''] = null;
    return route.fulfill({ contentType: 'application/json', body: JSON.stringify({ ...answer, errors }) });
  });
}

/** The API is down, answers half, or is slow: each part fails alone, and tries again when it is told to. @param {Page} page */
export async function trouble(page) {
  const { reader, close } = await another(page);
  const text = reader.locator('.prose').getByText('show of hands').first();
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

  /** @type {Map<string, string[] | null>} */
  const failing = new Map([['Comments', ['article']]]);
  await fail(reader, failing);
  await reader.goto(at(story));
  await retry(reader.locator('.comments')).waitFor();
  await text.waitFor();
  await reader.getByRole('group', { name: 'Newsletter' }).first().waitFor();
  failing.clear();
  await retry(reader.locator('.comments')).click();
  await reader.getByRole('form', { name: 'Comment' }).waitFor();
  failing.set('ArticlePage', ['article']);
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

/** Parts of pages of which one field, or their code, does not come: the rest is there, and the part tries again. @param {Page} page */
export async function parts(page) {
  const { reader, close } = await another(page);
  /** @type {Map<string, string[] | null>} */
  const failing = new Map();
  await fail(reader, failing);
  const main = reader.locator('main');
  /** @param {string} operation @param {string[] | null} field @param {() => Promise<unknown>} come @param {Locator} there what stays @param {Locator} missing what comes with the next try */
  const one = async (operation, field, come, there, missing) => {
    failing.set(operation, field);
    await come();
    await retry(main).waitFor();
    await there.first().waitFor();
    assert.equal(await missing.count(), 0, `${operation}: what failed is shown`);
    failing.clear();
    await retry(main).click();
    await missing.first().waitFor();
    await retry(main).waitFor({ state: 'detached' });
  };
  const goto = (/** @type {string} */ path) => () => reader.goto(at(path));
  const link = (/** @type {Locator} */ from) => () => from.first().click(); // what the server wrote first cannot fail
  await one('Search', ['search'], goto('/search?q=port'), reader.getByRole('heading', { level: 1, name: 'Search' }), reader.locator('.result'));
  await one('Search', null, goto('/search?q=port'), reader.getByRole('heading', { level: 1, name: 'Search' }), reader.locator('.result'));
  await one('Archive', ['search'], goto('/archive'), reader.locator('.archive-form'), reader.locator('.grid, .note'));
  await goto('/search?q=port')();
  await one('FrontPage', ['latestNews'], link(reader.locator('.nameplate .name')), reader.locator('.top-lead h2'), reader.locator('.latest .teaser'));
  await one('SectionPage', ['category', 'latestNews'], link(reader.locator('.sections').getByRole('link', { name: 'World', exact: true })), reader.getByRole('heading', { level: 1, name: 'World' }), reader.locator('.list-page .teaser'));
  await one('ArticlePage', ['article', 'relatedArticles'], link(reader.locator('.list-page .teaser h2 a')), reader.locator('.story-head h1'), reader.locator('.related .teaser'));
  await reader.goBack();
  await one('ArticleBody', null, link(reader.locator('.list-page .teaser h2 a').nth(1)), reader.locator('.story-head h1'), reader.locator('.prose > p'));
  // A signed link is not called invalid because the server has an error.
  failing.set('NewsletterPreferences', null);
  await goto('/newsletters/preferences?token=x')();
  await retry(main).waitFor();
  assert.equal(await reader.getByText('This link is not valid').count(), 0, 'a failure is shown as a bad link');
  failing.clear();
  await retry(main).click();
  await reader.getByText('This link is not valid').waitFor();

  // The code of the comments does not come.
  const lost = /\/_site\/static\/Comments-[^/]*\.js$/;
  await reader.route(lost, (route) => route.abort());
  await goto(story)();
  await retry(reader.locator('.below')).waitFor();
  await reader.locator('.prose').getByText('show of hands').first().waitFor();
  await reader.getByRole('group', { name: 'Newsletter' }).first().waitFor();
  await reader.unroute(lost);
  await retry(reader.locator('.below')).click();
  await reader.getByRole('form', { name: 'Comment' }).waitFor();
  await close();
}

/** While the WebSocket is cut off, a live blog asks. @param {Page} page */
export async function cutOff(page) {
  const { reader, close } = await another(page);
  await reader.clock.install();
  await reader.routeWebSocket('**/graphql', (socket) => socket.close());
  await reader.goto(at('/articles/live-port-strike-vote'));
  await reader.locator('.live-entries li').first().waitFor();
  const asked = reader.waitForRequest((r) => r.url().endsWith('/graphql') && nameOf(r.postData() ?? '{}') === 'LiveEntries');
  for (let done = false; !done;) {
    await reader.clock.fastForward(31_000);
    done = await Promise.race([asked.then(() => true), new Promise((/** @type {(value: boolean) => void} */ wait) => { setTimeout(() => wait(false), 200); })]);
  }
  await close();
}

/** Waits until a worker answers for the page. @param {Page} reader */
async function guarded(reader) {
  await reader.evaluate(() => navigator.serviceWorker.ready.then(() => new Promise((done) => {
    if (navigator.serviceWorker.controller) done(true);
    else navigator.serviceWorker.addEventListener('controllerchange', () => done(true));
  })));
}

/** Waits until a path is kept. @param {Page} reader @param {string} path */
async function kept(reader, path) {
  for (let i = 0; i < 100; i++) {
    if (await reader.evaluate((path) => caches.match(path).then((r) => !!r), path)) return;
    await new Promise((done) => { setTimeout(done, 100); });
  }
  throw new Error(`${path} is not kept`);
}

/** Without a network what was read is there, and the rest says that there is none. @param {Page} page */
export async function offline(page) {
  const { reader, close } = await another(page, { serviceWorkers: 'allow' });
  await reader.goto(at('/'));
  await guarded(reader);
  await reader.goto(at(story));
  await reader.locator('.story-head h1').waitFor();
  await reader.waitForLoadState('networkidle');
  // The page that came before there was a worker, and one that was turned to without loading it.
  await reader.locator('.related .teaser h3 a').first().click();
  await reader.waitForFunction((path) => window.location.pathname !== path && !document.querySelector('.loading'), story);
  const next = await reader.evaluate(() => window.location.pathname);
  const title = await reader.locator('.story-head h1').innerText();
  for (const path of ['/', story, next]) await kept(reader, path);
  await reader.context().setOffline(true);
  await reader.goto(at(story));
  await reader.locator('.prose').getByText('show of hands').first().waitFor();
  await reader.getByText('What is shown may be old').waitFor();
  await reader.locator('.related .teaser h3 a').first().click();
  await reader.getByRole('heading', { level: 1, name: title }).waitFor();
  await reader.locator('.prose p').first().waitFor();
  await reader.reload();
  await reader.getByRole('heading', { level: 1, name: title }).waitFor();
  await reader.goto(at('/'));
  await reader.locator('.top-lead h2').waitFor();
  await reader.goto(at('/sections/world'));
  await reader.getByRole('heading', { level: 1, name: 'You are offline' }).waitFor();
  await reader.context().setOffline(false);
  await reader.getByRole('link', { name: 'Try again' }).click();
  await reader.getByRole('heading', { level: 1, name: 'World' }).waitFor();
  await close();
}

/** A server between the reader and the site, on which new versions can be tried: other names of files, another theme, and no network. */
async function between() {
  const state = { version: 1, down: false };
  const server = createServer((ask, answer) => {
    if (state.down) return void ask.socket.destroy();
    const path = ask.url ?? '/';
    if (path === '/_site/theme.css') return void answer.writeHead(200, { 'Content-Type': 'text/css', 'Cache-Control': 'no-cache' }).end(`:root { --version: ${state.version}; }`);
    const other = /^(\/_site\/static\/style-)v(\d+)-(.*)$/.exec(path);
    if (other && Number(other[2]) !== state.version) return void answer.writeHead(404).end(); // the files of other versions are gone
    const { 'accept-encoding': _, ...headers } = ask.headers;
    const on = request(new URL(other ? `${other[1]}${other[3]}` : path, at('/')), { method: ask.method ?? 'GET', headers: { ...headers, 'accept-encoding': 'identity' } }, (got) => {
      /** @type {Buffer[]} */
      const body = [];
      got.on('data', (part) => body.push(part));
      got.on('end', () => {
        const { 'content-length': _, etag: __, ...headers } = got.headers;
        const text = Buffer.concat(body);
        const html = headers['content-type']?.startsWith('text/html') ? text.toString().replaceAll('/_site/static/style-', `/_site/static/style-v${state.version}-`).replace('</head>', '<link rel="stylesheet" href="/_site/theme.css"></head>') : text;
        answer.writeHead(got.statusCode ?? 502, headers).end(html);
      });
    });
    on.on('error', () => answer.destroy());
    ask.pipe(on);
  });
  await new Promise((/** @type {(value?: unknown) => void} */ done) => server.listen(0, '127.0.0.1', () => done()));
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { state, url: `http://127.0.0.1:${address.port}`, close: () => { server.closeAllConnections(); server.close(); } };
}

/** After a new version the site has its looks without a network too. @param {Page} page */
export async function deployed(page) {
  const { reader, close } = await another(page, { serviceWorkers: 'allow' });
  const site = await between();
  /** The version of the theme that holds, once every sheet of the page is there. */
  const looks = () => reader.evaluate(() => ({
    version: getComputedStyle(document.documentElement).getPropertyValue('--version').trim(), serif: getComputedStyle(document.documentElement).getPropertyValue('--serif').includes('Broadsheet'),
  }));
  await reader.goto(site.url);
  await guarded(reader);
  await kept(reader, '/');
  site.state.version = 2;
  await reader.goto(site.url + story);
  await reader.waitForLoadState('networkidle');
  await kept(reader, story);
  await reader.waitForFunction(() => caches.match('/offline').then((r) => r?.text()).then((html) => html?.includes('style-v2-')));
  site.state.down = true;
  await reader.goto(site.url + story);
  await reader.locator('.prose').getByText('show of hands').first().waitFor();
  assert.deepEqual(await looks(), { version: '2', serif: true }, 'a page without its looks');
  await reader.goto(`${site.url}/sections/world`);
  await reader.getByRole('heading', { level: 1, name: 'You are offline' }).waitFor();
  assert.deepEqual(await looks(), { version: '2', serif: true }, 'the page without a network lacks its looks');
  await close();
  site.close();
}

/** Storage that is full, and storage that is forbidden: what readers do works as long as the page is there. @param {Page} page @param {string[]} faults */
export async function storage(page, faults) {
  const full = () => {
    Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
    Cache.prototype.put = () => Promise.reject(new DOMException('full', 'QuotaExceededError'));
  };
  const forbidden = () => {
    for (const name of ['localStorage', 'sessionStorage', 'caches']) Object.defineProperty(window, name, { get() { throw new DOMException('denied', 'SecurityError'); } });
    Object.defineProperty(window, 'BroadcastChannel', { value: undefined });
    Object.defineProperty(navigator.serviceWorker, 'register', { value: () => Promise.reject(new DOMException('denied', 'SecurityError')) });
  };
  for (const [how, spoil] of /** @type {const} */ ([['full', full], ['forbidden', forbidden]])) {
    const { reader, close } = await another(page, { serviceWorkers: 'allow' });
    reader.on('pageerror', (error) => faults.push(`storage ${how}: ${error.stack ?? error.message}`));
    reader.on('console', (m) => { if (m.type() === 'error') faults.push(`storage ${how}: ${m.text()}`); });
    await reader.addInitScript(spoil);
    await open(reader, story);
    await reader.getByRole('button', { name: 'Accept' }).click();
    await reader.getByRole('button', { name: 'Text size' }).click();
    const form = reader.getByRole('form', { name: 'Comment' });
    await form.getByLabel('Comment').fill('What cannot be kept');
    await reader.getByRole('button', { name: 'Save', exact: true }).click();
    await reader.getByRole('button', { name: 'Saved', exact: true }).waitFor();
    await reader.getByRole('link', { name: 'Reading list' }).click(); // the token of the device is in no storage
    await reader.locator('.saved').getByText('Port strike ends').waitFor();
    await reader.goBack();
    await form.getByLabel('Comment').waitFor();
    assert.equal(await form.getByLabel('Comment').inputValue(), 'What cannot be kept', `storage ${how}: what was typed is lost`);
    assert.equal(await reader.locator('.consent').count(), 0, `storage ${how}: the consent line is back`);
    await close();
  }
}

