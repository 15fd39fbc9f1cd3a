// What the steps through the news site share: the server that is tested, hands for its pages, and notes of what was reached.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import assert from 'node:assert/strict';

const base = process.argv[2] ?? '';
/** @param {string} name of a file of the build that the server reads, gzipped @returns {any} */
const built = (name) => JSON.parse(gunzipSync(readFileSync(new URL(`../../../internal/website/assets/${name}.gz`, import.meta.url))).toString());
const axe = readFileSync(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');

/** The operations of the site by their ids. @type {Record<string, string>} */
export const documents = built('operations.json');
/** The paths of the site (web/site/paths.ts). @type {{ fixed: Record<string, [string, string]>, below: Record<string, [string, string]> }} */
export const paths = built('routes.json');
/** The paths that mails lead to. */
export const mailPages = (process.env['BROADSHEET_MAIL_PAGES'] ?? '').split(' ').filter(Boolean);
export const story = '/articles/port-strike-ends-after-vote-in-the-fish-hall';
export const arabic = '/articles/انتهاء-اضراب-المرفا-بعد-تصويت-في-سوق-السمك';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Locator} Locator */
/** @typedef {import('playwright-core').Route} Route */

/** What the steps reached: operations that were asked, and pages that were come to from a mail. */
export const reached = { operations: /** @type {Set<string>} */ (new Set()), mailPages: /** @type {Set<string>} */ (new Set()) };

/** The address of a path. @param {string} path */
export const at = (path) => new URL(path, base).href;

/** The name of the operation in a text. @param {string} text */
const operationIn = (text) => /(?:query|mutation|subscription)\s+(\w+)/.exec(text)?.[1] ?? '';

/** The operation of a request, which names the document by its id. @param {string} body @returns {string} */
export function nameOf(body) {
  const { documentId, operationName } = JSON.parse(body);
  return operationName ?? operationIn(documents[documentId] ?? '');
}

/** Notes every operation that pages of a context ask for. @param {import('playwright-core').BrowserContext} context */
export function note(context) {
  context.on('request', (r) => { if (r.url().endsWith('/graphql')) reached.operations.add(nameOf(r.postData() ?? '{}')); });
  context.on('page', (page) => page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => reached.operations.add(operationIn(String(payload))))));
}

/** Names the operations of the site that no step asked for, and the pages of mails that none came to. */
export function untried() {
  const first = ['ArticleHead']; // asked by the server alone, for first views
  const operations = Object.values(documents).map(operationIn).filter((name) => !reached.operations.has(name) && !first.includes(name));
  return [...operations.map((name) => `no step asks ${name}`), ...mailPages.filter((path) => !reached.mailPages.has(path)).map((path) => `no step follows a mail to ${path}`)];
}

/** Opens a page and waits for the application. @param {Page} page @param {string} path */
export async function open(page, path) {
  const response = await page.goto(at(path));
  await page.waitForFunction(() => document.querySelector('.loading') === null);
  for (const name of await firstNames(page)) reached.operations.add(name);
  return response;
}

/** The operations whose answers the server wrote into the page. @param {Page} page @returns {Promise<string[]>} */
export const firstNames = (page) => page.evaluate(() => JSON.parse(document.getElementById('first')?.textContent ?? '{"answers":[]}').answers.map((/** @type {{ name: string }} */ a) => a.name));

/** @type {Map<string, string>} */
const tokens = new Map();

/** Signs an account in for `newsroom`, with a session of its own. @param {string | undefined} email @param {string | undefined} password @returns {Promise<string>} */
async function tokenOf(email = '', password = '') {
  const known = tokens.get(email);
  if (known) return known;
  const { token } = await say('', 'mutation ($input: SignInInput!) { signIn(input: $input) { token userErrors { message } } }', { input: { email, password, transport: 'TOKEN' } });
  tokens.set(email, token);
  return token;
}

/** Asks something of the API, and gives its one field. @param {string} token @param {string} query @param {Record<string, unknown>} variables @returns {Promise<any>} */
async function say(token, query, variables) {
  const response = await fetch(at('/graphql'), {
    method: 'POST', headers: { 'Content-Type': 'application/json', ...(token ? { Authorization: `Bearer ${token}` } : {}) }, body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  const [payload] = Object.values(data);
  assert.deepEqual(payload?.userErrors ?? [], [], query);
  return payload;
}

/** Does what the desk does elsewhere. @param {string} query @param {Record<string, unknown>} variables @returns {Promise<any>} */
export async function newsroom(query, variables = {}) {
  return say(await tokenOf(process.env['BROADSHEET_EMAIL'], process.env['BROADSHEET_PASSWORD']), query, variables);
}

/** Does what somebody without an account does in another program. @param {string} query @param {Record<string, unknown>} variables @returns {Promise<any>} */
export async function anybody(query, variables = {}) {
  return say('', query, variables);
}

/** Settles when the page has sent a text over a WebSocket, or was sent it. @param {Page} page @param {'sent' | 'received'} way @param {string} words */
export function frame(page, way, words) {
  return new Promise((/** @type {(value?: unknown) => void} */ done) => page.on('websocket', (socket) => {
    const look = (/** @type {{ payload: string | Buffer }} */ { payload }) => { if (String(payload).includes(words)) done(); };
    if (way === 'sent') socket.on('framesent', look);
    else socket.on('framereceived', look);
  }));
}

/** A page of a reader of its own, whose troubles are no faults. @param {Page} page @param {import('playwright-core').BrowserContextOptions} options */
export async function another(page, options = {}) {
  const context = await page.context().browser()?.newContext({ serviceWorkers: 'block', viewport: { width: 1280, height: 800 }, ...options });
  if (!context) throw new Error('no browser');
  note(context);
  const reader = await context.newPage();
  reader.setDefaultTimeout(20_000);
  return { reader, close: () => context.close() };
}

/** Has axe look at the page, unless another run looks at the same pages. @param {Page} page @param {string[]} faults */
export async function check(page, faults, what = page.url()) {
  if (process.env['BROADSHEET_AXE'] === 'no') return;
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const found = await page.evaluate(() => /** @type {any} */ (window).axe.run({ resultTypes: ['violations'] }));
  for (const v of found.violations) faults.push(`axe: ${decodeURI(what)}: ${v.id}: ${v.help}: ${v.nodes.slice(0, 2).map((/** @type {any} */ n) => `${n.html.slice(0, 150)} ${n.any[0]?.message ?? ''}`).join(' | ')}`);
}

/** Writes and publishes a story. @param {Record<string, unknown>} article @returns {Promise<{ id: string, path: string, title: string }>} */
export async function publish(article) {
  const { article: { id } } = await newsroom('mutation ($article: ArticleContentInput!) { createArticle(input: { article: $article }) { article { id } userErrors { message } } }', { article });
  return (await newsroom('mutation ($id: ID!) { publishArticle(input: { id: $id }) { article { id path title } userErrors { message } } }', { id })).article;
}

/** The password of readers who sign up. */
export const password = 'nine slow ferries';

/** Signs a reader up, confirms by the mail, and is signed in. @param {Page} page @param {string} name @param {string} email */
export async function signUp(page, name, email) {
  await open(page, '/account/sign-up');
  await send(page, { Name: name, 'E-mail address': email, Password: password }, 'Sign up');
  await page.getByText('Open the link in the mail').waitFor();
  await follow(page, email, '/account/verify');
  await send(page, {}, 'Confirm');
  await page.getByRole('heading', { name: 'Your interests' }).waitFor();
}

/** Makes a page of a reader, who is signed in. @param {Page} page @param {string} name */
export async function member(page, name) {
  const email = `${name.toLowerCase().replace(/\W/g, '.')}${Date.now()}@example.net`;
  const { reader, close } = await another(page);
  await signUp(reader, name, email);
  return { reader, email, close };
}

/** Whether the page can be pushed aside. @param {Page} page */
export const tooWide = (page) => page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);

/**
 * Opens the newest mail to an address that leads to a page, in the browser, and follows its link. The host of a link is that of the server's
 * settings, which do not know the port of a test: the link is opened on the server that is tested.
 * @param {Page} page @param {string} email @param {string} path @returns {Promise<string>} the address that was opened
 */
export async function follow(page, email, path) {
  for (let i = 0; i < 150; i++) {
    const list = await (await fetch(at('/mail'))).text();
    const mails = [...list.matchAll(/<td>([^<]*)<\/td><td><a href="(\/mail\/[^"]+)"/g)].filter(([, to]) => to === email);
    for (const [, , mail] of mails) {
      const program = await page.context().newPage(); // what mails show is no part of the site
      await program.goto(at(`${mail}/html`));
      const link = program.locator(`a[href*="${path}"]`).first();
      const to = await link.count() > 0 ? await link.getAttribute('href') : null;
      await program.close();
      if (to === null) continue;
      const { pathname, search } = new URL(to, base);
      await open(page, pathname + search);
      reached.mailPages.add(pathname);
      return pathname + search;
    }
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`no mail to ${email} leads to ${path}`);
}

/** Fills the fields of the form of the page and sends it. @param {Page} page @param {Record<string, string>} fields @param {string} button */
export async function send(page, fields, button) {
  const panel = page.locator('form.panel');
  for (const [label, value] of Object.entries(fields)) await panel.getByLabel(new RegExp(`^${label}`)).fill(value);
  await panel.getByRole('button', { name: button, exact: true }).click();
}
