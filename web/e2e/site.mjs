// The news site in a browser, as readers use it: every page, the flows of guests and members, Arabic, the keyboard, axe.
//
//   BROADSHEET_MAIL_PAGES="/account/verify …" BROADSHEET_EMAIL=… BROADSHEET_PASSWORD=… node e2e/site.mjs BASE_URL [STEP…]
//
// Fails when a page breaks its content security policy, writes an error to the console, asks another origin for anything,
// has a violation that axe finds, or a step does not lead where it should. BASE_URL serves the demo newsroom and keeps its
// mails. BROADSHEET_MAIL_PAGES are the paths that mails lead to; e-mail address and password are those of an editor. CHROMIUM names the browser.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import assert from 'node:assert/strict';
import { travel } from './browser.mjs';

const [base, ...chosen] = process.argv.slice(2);
if (!base) {
  console.error('usage: node e2e/site.mjs BASE_URL [STEP…]');
  process.exit(2);
}
const axe = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
/** @type {Record<string, string>} */
const documents = JSON.parse(gunzipSync(readFileSync(new URL('../../internal/website/assets/operations.json.gz', import.meta.url))).toString());
const at = (/** @type {string} */ path) => new URL(path, base).href;
let editor = ''; // the token of the editor's session
const mailPages = (process.env['BROADSHEET_MAIL_PAGES'] ?? '').split(' ').filter(Boolean);
const story = '/articles/port-strike-ends-after-vote-in-the-fish-hall';
const arabic = '/articles/انتهاء-اضراب-المرفا-بعد-تصويت-في-سوق-السمك';

/** @typedef {import('playwright-core').Page} Page */

await travel('Site', base, async (page, faults) => {
  await page.context().addInitScript(() => {
    // Names where the page moved by itself, once it was shown.
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) {
        const shift = /** @type {{ value: number, hadRecentInput: boolean }} */ (/** @type {unknown} */ (e));
        if (!shift.hadRecentInput) document.documentElement.dataset['shift'] = String(Number(document.documentElement.dataset['shift'] ?? 0) + shift.value);
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
  for (const step of [consent, firstViews, everyPage, scripts, blurred, trouble, offline, bookmarks, comment, live, member, search, keyboard, dark]) {
    if (chosen.length > 0 && !chosen.includes(step.name)) continue;
    const start = Date.now();
    await step(page, faults);
    console.log(`${step.name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
  }
});

/** Opens a page and waits for the application. @param {Page} page @param {string} path */
async function open(page, path) {
  const response = await page.goto(at(path));
  await page.waitForFunction(() => document.querySelector('.loading') === null);
  return response;
}

/** Does what an editor does elsewhere. @param {string} query @param {Record<string, unknown>} variables @returns {Promise<any>} */
async function newsroom(query, variables = {}) {
  const ask = async (/** @type {string} */ query, /** @type {Record<string, unknown>} */ variables) => {
    const response = await fetch(at('/graphql'), {
      method: 'POST', headers: { 'Content-Type': 'application/json', ...(editor ? { Authorization: `Bearer ${editor}` } : {}) }, body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = await response.json();
    assert.equal(errors, undefined, JSON.stringify(errors));
    const [payload] = Object.values(data);
    assert.deepEqual(payload?.userErrors ?? [], [], query);
    return payload;
  };
  if (!editor) {
    const { BROADSHEET_EMAIL: email, BROADSHEET_PASSWORD: password } = process.env;
    editor = (await ask('mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { message } } }', { input: { email, password, transport: 'TOKEN' } })).token;
  }
  return ask(query, variables);
}

/** Settles when the page has sent a text over a WebSocket, or was sent it. @param {Page} page @param {'sent' | 'received'} way @param {string} words */
function frame(page, way, words) {
  return new Promise((/** @type {(value?: unknown) => void} */ done) => page.on('websocket', (socket) => {
    const look = (/** @type {{ payload: string | Buffer }} */ { payload }) => { if (String(payload).includes(words)) done(); };
    if (way === 'sent') socket.on('framesent', look);
    else socket.on('framereceived', look);
  }));
}

/** A page of a reader of its own, whose troubles are no faults. @param {Page} page @param {'block' | 'allow'} serviceWorkers */
async function another(page, serviceWorkers = 'block') {
  const context = await page.context().browser()?.newContext({ serviceWorkers, viewport: { width: 1280, height: 800 } });
  const reader = await context?.newPage();
  if (!context || !reader) throw new Error('no browser');
  reader.setDefaultTimeout(20_000);
  return { reader, close: () => context.close() };
}

/** The operation of a request, which names the document by its id. @param {string} body @returns {string} */
function nameOf(body) {
  const { documentId, operationName } = JSON.parse(body);
  return operationName ?? /(?:query|mutation|subscription)\s+(\w+)/.exec(documents[documentId] ?? '')?.[1] ?? '';
}

/** @param {Page} page */
async function consent(page) {
  await open(page, '/');
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.reload();
  await page.locator('.top-lead h2').waitFor();
  assert.equal(await page.locator('.consent').count(), 0, 'the consent line is back');
}

/** What the server wrote is what the application shows, and stays where it is. @param {Page} page @param {string[]} faults */
async function firstViews(page, faults) {
  for (const path of ['/', '/languages/ar', '/sections/world', story, arabic]) {
    const html = await (await fetch(at(path))).text();
    const asked = /** @type {string[]} */ ([]);
    const pictures = /** @type {string[]} */ ([]);
    /** @param {import('playwright-core').Request} r */
    const note = (r) => {
      if (r.url().endsWith('/graphql')) asked.push(nameOf(r.postData() ?? ''));
      if (r.resourceType() === 'image') pictures.push(r.url());
    };
    page.on('request', note);
    await open(page, path);
    await page.waitForLoadState('networkidle');
    page.off('request', note);
    const headlines = await page.locator('main article h1, main article h2 > a, main article h3 > a').allTextContents();
    assert.ok(headlines.length > 0, `${path}: ${headlines.length} headlines`);
    const written = (/** @type {string} */ t) => html.includes(t.replaceAll('&', '&amp;').replaceAll('"', '&#34;').replaceAll("'", '&#39;').replaceAll('+', '&#43;'));
    for (const h of headlines) if (!written(h)) faults.push(`${path}: the first view lacks ${h}`);
    if (path === '/') assert.equal(new Set(headlines).size, headlines.length, 'a story is on the front page twice');
    const again = await page.evaluate(() => JSON.parse(document.getElementById('first')?.textContent ?? '{}').answers.map((/** @type {{ name: string }} */ a) => a.name));
    assert.ok(asked.length > 0 && !asked.includes(''), `${path}: requests without a known name: ${asked}`);
    const first = again.filter((/** @type {string} */ name) => asked.includes(name));
    assert.deepEqual(first, [], `${path}: asked twice`);
    const shown = await page.evaluate(() => [...document.images].map((i) => i.currentSrc));
    assert.deepEqual(pictures.filter((url) => url.startsWith('http') && !shown.includes(url)), [], `${path}: pictures that are fetched and not shown`);
    assert.equal(await page.locator('main .frame img:not([srcset]), .lead-picture img:not([srcset]), .prose img:not([srcset])').count(), 0, `${path}: a picture without variants`);
    assert.equal(await page.locator('main img:not([width]), main img:not([height])').count(), 0, `${path}: a picture without its size`);
    const shift = Number(await page.evaluate(() => document.documentElement.dataset['shift'] ?? '0'));
    if (shift > 0.1) faults.push(`${path}: the layout shifts by ${shift}`);
  }
}

/** @param {Page} page @param {string[]} faults */
async function check(page, faults, what = page.url()) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(() => /** @type {any} */ (window).axe.run({ resultTypes: ['violations'] }));
  for (const v of found.violations) faults.push(`axe: ${decodeURI(what)}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 2).map((/** @type {any} */ n) => `${n.html.slice(0, 150)} ${n.any[0]?.message ?? ''}`).join(' | ')}`);
}

/** Every page answers, has one main heading, and no violation. @param {Page} page @param {string[]} faults */
async function everyPage(page, faults) {
  const pages = ['/', '/languages/ar', '/sections/world', '/sections/world?language=ar', story, arabic, '/tags/port-strike', '/places/marjana', '/series/lines-under-the-sea', '/authors/huda-rashwat',
    '/latest', '/archive', '/about', '/contact', '/search?q=port', '/account/sign-in', '/account/lost-password', '/reading-list', '/interests', ...mailPages.map((path) => `${path}?token=x`)];
  for (const path of pages) {
    const response = await open(page, path);
    assert.equal(response?.status(), 200, path);
    assert.equal(await page.locator('.big-number').count(), 0, `${path}: the application knows no such page`);
    await check(page, faults, path);
    assert.ok((await page.locator('h1').count()) === 1, `${path}: main headings`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth), false, `${path} is wider than the window`);
  }
  for (const [path, status] of /** @type {const} */ ([['/nothing/here', 404], ['/competitions/win-a-boat', 410]])) {
    assert.equal((await fetch(at(path))).status, status, path);
  }
  const moved = await fetch(at('/news/port-strike-latest'), { redirect: 'manual' });
  assert.equal(moved.status, 301);
}

/** The budget of scripts of an article page: 120 kB compressed. @param {Page} page */
async function scripts(page) {
  const sizes = /** @type {Promise<number>[]} */ ([]);
  page.on('response', (r) => { if (r.request().resourceType() === 'script') sizes.push(r.request().sizes().then((s) => s.responseBodySize)); });
  await page.context().clearCookies();
  const fresh = await page.context().browser()?.newContext();
  const reader = await fresh?.newPage();
  if (!fresh || !reader) throw new Error('no browser');
  const counted = /** @type {Promise<number>[]} */ ([]);
  reader.on('response', (r) => { if (r.url().endsWith('.js')) counted.push(r.request().sizes().then((s) => s.responseBodySize)); });
  const connected = reader.waitForEvent('websocket'); // what is loaded late counts too
  await reader.goto(at(story));
  await connected;
  await reader.waitForLoadState('networkidle');
  const total = (await Promise.all(counted)).reduce((a, b) => a + b, 0);
  await fresh.close();
  console.log(`scripts of an article page: ${total} bytes compressed`);
  assert.ok(total > 10_000 && total <= 120_000, `scripts of an article page: ${total} bytes`);
}

/** A picture that is long in coming is blurred until it is there. @param {Page} page */
async function blurred(page) {
  let come = () => {};
  const gate = new Promise((/** @type {(value?: unknown) => void} */ done) => { come = done; });
  const { reader: slow, close } = await another(page);
  await slow.route('**/*.webp', async (route) => { await gate; await route.continue(); });
  await slow.goto(at(story), { waitUntil: 'domcontentloaded' });
  await slow.locator('.lead-picture img.blurred').waitFor();
  come();
  await slow.locator('.lead-picture img:not(.blurred)').waitFor();
  await close();
}

/** The API is down, answers half, or is slow: each part fails alone, and tries again when it is told to. @param {Page} page */
async function trouble(page) {
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
async function offline(page) {
  const { reader, close } = await another(page, 'allow');
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

/** Save, find it after a reload, remove, undo. @param {Page} page */
async function bookmarks(page) {
  await open(page, story);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await page.getByRole('button', { name: 'Saved', exact: true }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Saved', exact: true }).waitFor();
  await page.getByRole('link', { name: 'Reading list' }).click();
  await page.locator('.saved').getByText('Port strike ends').waitFor();
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByText('Nothing is saved yet').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await page.locator('.saved').getByText('Port strike ends').waitFor();
}

/** A guest comments; what was typed outlives a reload. @param {Page} page */
async function comment(page) {
  await open(page, story);
  const form = page.getByRole('form', { name: 'Comment' });
  const words = `Good news for the quay ${Date.now()}`;
  await form.getByLabel('Comment').fill(words);
  await page.reload();
  await form.getByLabel('Comment').waitFor();
  assert.equal(await form.getByLabel('Comment').inputValue(), words, 'what was typed is lost');
  await form.getByLabel('Name').fill('Salma');
  await form.getByLabel('E-mail address').fill('salma@example.org');
  await page.route('**/graphql', async (route) => { // a comment that was typed in no known time waits for a moderator
    const body = JSON.parse(route.request().postData() ?? '{}');
    if (body.variables?.input?.secondsOnPage) body.variables.input.secondsOnPage = null;
    await route.continue({ postData: JSON.stringify(body) });
  });
  await form.getByRole('button', { name: 'Send' }).click();
  await page.getByText('A moderator will look').waitFor();
  await page.unroute('**/graphql');
  assert.equal(await page.locator('.comments').getByText(words).count(), 0, 'a comment is shown before a moderator saw it');
  const subscribed = frame(page, 'sent', 'CommentAdded');
  await open(page, story);
  await page.getByRole('form', { name: 'Comment' }).waitFor();
  await subscribed;
  const { nodes } = await newsroom('{ moderationQueue(first: 50) { nodes { commentId body guestEmail } } }');
  const waiting = nodes.find((/** @type {{ body: string }} */ c) => c.body === words);
  assert.equal(waiting?.guestEmail, 'salma@example.org', 'the comment is not in the queue');
  await newsroom('mutation ($ids: [ID!]!) { approveComments(input: { ids: $ids }) { userErrors { message } } }', { ids: [waiting.commentId] });
  await page.getByRole('button', { name: 'Show new comments (1)' }).click(); // told by subscription
  await page.locator('.thread').getByText(words).waitFor();
  await page.locator(`[id="${waiting.commentId}"]`).getByText('Guest').waitFor();
}

/** A live blog and breaking news reach whoever has the page open. @param {Page} page */
async function live(page) {
  const told = frame(page, 'received', '"articleUpdated"');
  await open(page, '/articles/live-port-strike-vote');
  await told;
  const { id } = await newsroom('{ article(by: { path: "/articles/live-port-strike-vote" }) { id } }');
  const title = `The last crane turns ${Date.now()}`;
  await newsroom('mutation ($id: ID!, $title: String!) { addLiveEntry(input: { articleId: $id, entry: { title: $title, body: { markdown: "It **turned**." } } }) { userErrors { message } } }', { id, title });
  await page.locator('.live-entries').getByText(title).waitFor();
  const text = `Cranes turn again ${Date.now()}`;
  await newsroom('mutation ($id: ID!, $text: String!) { sendBreakingNews(input: { articleId: $id, text: $text }) { userErrors { message } } }', { id, text });
  await page.getByRole('alert').getByText(text).waitFor();
  await page.locator('.breaking').getByRole('button', { name: 'Close' }).click();
  await page.locator('.breaking').waitFor({ state: 'detached' });
}

/** Signs up by mail, keeps the bookmarks of the device, follows a section. @param {Page} page */
async function member(page) {
  const email = `reader${Date.now()}@example.net`;
  await open(page, '/account/sign-up');
  const panel = page.locator('form.panel');
  await panel.getByLabel('Name').fill('Salma Aziz');
  await panel.getByLabel('E-mail address').fill(email);
  await panel.getByLabel('Password').fill('nine slow ferries');
  await panel.getByRole('button', { name: 'Sign up' }).click();
  await page.getByText('Open the link in the mail').waitFor();
  const token = await mailed(email, /\/account\/verify\?token=([\w.~-]+)/);
  await open(page, `/account/verify?token=${token}`);
  await page.getByRole('button', { name: 'Confirm' }).click();
  await page.getByRole('heading', { name: 'Your interests' }).waitFor();
  await page.getByRole('button', { name: 'World', exact: true }).click();
  await page.locator('.choose [aria-pressed=true]').first().waitFor();
  await page.locator('.grid .teaser').first().waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  await open(page, '/account/sign-in');
  await panel.getByLabel('E-mail address').fill(email);
  await panel.getByLabel('Password').fill('nine slow ferries');
  await panel.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('link', { name: 'Salma Aziz' }).waitFor();
  await open(page, '/reading-list');
  await page.locator('.saved').getByText('Port strike ends').waitFor(); // saved on the device before
  await open(page, '/account/settings');
  await page.getByLabel('Summary by mail').selectOption('WEEKLY');
  await page.getByText('Saved.').waitFor();
  await open(page, '/account/settings');
  assert.equal(await page.getByLabel('Summary by mail').inputValue(), 'WEEKLY', 'a setting is forgotten');
  await open(page, story);
  const form = page.getByRole('form', { name: 'Comment' });
  await page.getByRole('link', { name: 'Salma Aziz' }).waitFor();
  await form.getByLabel('Comment').fill('What was typed before the session ended');
  await page.context().clearCookies();
  await form.getByRole('button', { name: 'Send' }).click();
  await form.getByText('Your session has ended').waitFor();
  assert.equal(await form.getByLabel('Comment').inputValue(), 'What was typed before the session ended', 'what was typed is lost');
  await form.getByRole('link', { name: 'Sign in' }).click();
  await panel.getByLabel('E-mail address').fill(email);
  await panel.getByLabel('Password').fill('nine slow ferries');
  await panel.getByRole('button', { name: 'Sign in', exact: true }).click();
  await form.getByLabel('Comment').waitFor();
  assert.equal(await form.getByLabel('Comment').inputValue(), 'What was typed before the session ended', 'what was typed is lost by signing in');
}

/** Finds a link in the mails that the server keeps. @param {string} email @param {RegExp} link */
async function mailed(email, link) {
  for (let i = 0; i < 100; i++) {
    const all = await (await fetch(at('/mail'))).text();
    for (const [, path] of all.matchAll(/href="(\/mail\/[^"]+)"/g)) {
      const mail = await (await fetch(at(path ?? ''))).text();
      const token = mail.includes(email) && link.exec(mail.replaceAll('&amp;', '&'))?.[1];
      if (token) return token;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no mail to ${email}`);
}

/** Searches in both languages, and narrows down. @param {Page} page */
async function search(page) {
  await open(page, '/languages/ar');
  await page.locator('.search-box input').fill('المرفأ');
  await page.locator('.search-box button').click();
  await page.locator('.result').first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dir), 'rtl');
  assert.ok((await page.locator('.result mark, .result em, .result b').count()) > 0, 'nothing is highlighted');
  await open(page, '/search?q=said');
  const counts = [await page.locator('.result').count()];
  while (await page.getByRole('button', { name: 'Show more' }).count() > 0 && counts.length < 4) {
    await page.getByRole('button', { name: 'Show more' }).click();
    await page.waitForFunction((n) => document.querySelectorAll('.result').length > n && !document.querySelector('.loading'), counts.at(-1) ?? 0);
    counts.push(await page.locator('.result').count());
  }
  assert.ok(counts.length > 3, `search has no third page: ${counts}`);
  const links = await page.locator('.result h2 a').evaluateAll((all) => all.map((a) => a.getAttribute('href')));
  assert.equal(new Set(links).size, links.length, 'a result is shown twice');
  await open(page, '/archive');
  while (await page.locator('.grid .teaser').count() === 0) { // the demo newsroom is as old as it is
    await page.getByRole('link', { name: 'The month before' }).click();
    await page.locator('.grid .teaser, .note').first().waitFor();
  }
  const months = await page.locator('.grid time').evaluateAll((all) => all.map((t) => t.getAttribute('datetime')?.slice(0, 7)));
  assert.deepEqual([...new Set(months)].length, 1, `a month of the archive has stories of ${months}`);
  await open(page, '/search?q=port');
  await page.locator('.facets').getByRole('link').first().click();
  await page.getByRole('link', { name: 'Clear' }).waitFor();
  await page.locator('.result').first().waitFor();
}

/** Reaches the content by the keyboard alone. @param {Page} page */
async function keyboard(page) {
  await open(page, '/');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.className), 'skip');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'content');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => window.location.pathname !== '/');
  await page.goBack();
  await page.locator('.top-lead').waitFor();
}

/** Dark, and as narrow as a phone. @param {Page} page @param {string[]} faults */
async function dark(page, faults) {
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ['/', story, arabic]) {
    await open(page, path);
    await check(page, faults, `${path} (dark, 390)`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth), false, `${path} is wider than a phone`);
  }
  await page.getByRole('button', { name: 'القائمة' }).click();
  await page.locator('.sections').getByRole('link').first().waitFor();
}
