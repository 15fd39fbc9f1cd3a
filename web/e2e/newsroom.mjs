// An editor's first story, in GraphiQL as a person does it: sign in, write, publish; then a reader finds it.
//
//   BROADSHEET_EMAIL=… BROADSHEET_PASSWORD=… npm run e2e:newsroom -- BASE_URL [SCREENSHOT.png]
//
// Fails when the page breaks its content security policy, writes an error to the console, asks another origin for
// anything, or when a step is not answered as it should be.
import assert from 'node:assert/strict';
import { run, travel } from './browser.mjs';

const [base, screenshot] = process.argv.slice(2);
const { BROADSHEET_EMAIL: email, BROADSHEET_PASSWORD: password } = process.env;
if (!base || !email || !password) {
  console.error('usage: BROADSHEET_EMAIL=… BROADSHEET_PASSWORD=… npm run e2e:newsroom -- BASE_URL [SCREENSHOT.png]');
  process.exit(2);
}
const title = `Harbour lights return ${Date.now()}`;

await travel('Newsroom', base, async (page) => {
  await page.goto(new URL('/graphiql', base).href);
  await page.getByRole('button', { name: 'New tab' }).click();

  const account = page.getByRole('form', { name: 'Account' });
  await account.getByLabel('E-mail').fill(email);
  await account.getByLabel('Password').fill(password);
  await account.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('group', { name: 'Account' }).getByText('editor').waitFor();
  const [cookie] = (await page.context().cookies()).filter(({ httpOnly }) => httpOnly);
  assert.ok(cookie, 'no cookie that scripts cannot read');
  assert.match(cookie.sameSite, /Lax|Strict/);

  const written = await run(
    page,
    'Write',
    `mutation Write { createArticle(input: { article: { title: ${JSON.stringify(title)}, body: { markdown: "The lamps on the quay are **lit** again." } } }) { article { id status } userErrors { code field message } } }`,
  );
  assert.deepEqual(written.data.createArticle.userErrors, []);
  const { id, status } = written.data.createArticle.article;
  assert.equal(status, 'DRAFT');
  assert.ok(!(await headlines()).includes(title), 'a reader sees a draft');

  const published = await run(
    page,
    'Publish',
    `mutation Publish { publishArticle(input: { id: ${JSON.stringify(id)} }) { article { status bodyHtml } userErrors { code field message } } }`,
  );
  assert.deepEqual(published.data.publishArticle, {
    article: { status: 'PUBLISHED', bodyHtml: '<p>The lamps on the quay are <strong>lit</strong> again.</p>' },
    userErrors: [],
  });
  assert.ok((await headlines()).includes(title), 'a reader does not see what was published');
  await page.locator('.result-window').getByText('"PUBLISHED"').waitFor();
  const kept = await page.evaluate(() => JSON.stringify({ ...window.localStorage }) + JSON.stringify({ ...window.sessionStorage }));
  assert.ok(!kept.includes(password), 'the password is stored');

  await page.getByLabel('See as reader').check();
  const seen = await run(page, 'Seen', 'query Seen { viewer { role } }');
  assert.equal(seen.data.viewer, null, 'a reader is somebody');
  if (screenshot) await page.screenshot({ path: screenshot });
});

/** The newest headlines, as somebody reads them who is not signed in. */
async function headlines() {
  const response = await fetch(new URL('/graphql', base), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: '{ latestNews(first: 5) { nodes { title } } }' }),
  });
  const { data } = await response.json();
  return data.latestNews.nodes.map((/** @type {{ title: string }} */ node) => node.title);
}
