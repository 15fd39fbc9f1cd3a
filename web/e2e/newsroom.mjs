// An editor's first story, in GraphiQL as a person does it: sign in, write, publish; then a reader finds it.
//
//   BROADSHEET_EMAIL=… BROADSHEET_PASSWORD=… npm run e2e:newsroom -- BASE_URL [SCREENSHOT.png]
//
// Fails when the page breaks its content security policy, writes an error to the console, asks another origin for
// anything, or when a step is not answered as it should be.
import assert from 'node:assert/strict';
import { run, signIn, travel, write } from './browser.mjs';

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

  await signIn(page, email, password);
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
  assert.ok(!(await stored(page)).includes(password), 'the password is stored');

  const cost = page.locator('.broadsheet-cost');
  assert.match(await cost.innerText(), /^Cost [\d,]+ of 25,000 · [1-9]\d* statements?/);

  // A password that is written into an operation is in no stored tab and no history, whatever the variable is called.
  const secret = 'seventeen grey gulls';
  await run(page, 'Careless', `mutation Careless { signIn(input: { email: "nobody@example.org", password: ${JSON.stringify(secret)} }) { userErrors { code } } }`);
  await page.getByRole('button', { name: 'New tab' }).click();
  await write(page, 'mutation Varied($p: String!) { signIn(input: { email: "nobody@example.org", password: $p }) { userErrors { code } } }');
  await page.getByRole('tab', { name: 'Varied' }).waitFor();
  await page.locator('.graphiql-editor-tool .monaco-editor').first().click();
  await page.keyboard.press('ControlOrMeta+A');
  await page.keyboard.insertText(JSON.stringify({ p: secret }));
  const refused = page.waitForResponse((r) => (r.request().postData() ?? '').includes('"operationName":"Varied"'));
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const sent = (await refused).request().postData() ?? '';
  assert.ok(sent.includes(secret), 'the server was not sent what was typed');
  await page.waitForFunction(() => (window.localStorage.getItem('graphiql:tabState') ?? '').includes('Varied'));
  await page.waitForFunction(() => Object.values({ ...window.localStorage }).join().split('Careless').length > 2); // in the tabs, and in the history
  const kept = Object.entries(JSON.parse(await page.evaluate(() => JSON.stringify({ ...window.localStorage, ...window.sessionStorage })))).filter(([, value]) => value.includes('gulls'));
  assert.deepEqual(kept, [], 'a password is stored');

  // The examples of the newsroom, with what this site has.
  const examples = page.locator('.broadsheet-examples');
  if (await examples.count() === 0) await page.getByRole('button', { name: 'Show Examples' }).click();
  const corrected = await example(page, 'CorrectArticle');
  assert.deepEqual(corrected.correctArticle.userErrors, []);
  assert.match(corrected.correctArticle.article.corrections[0].note, /wrong quay/);
  const guest = await say('mutation ($input: AddCommentInput!) { addComment(input: $input) { state userErrors { message } } }', {
    input: { articleId: id, body: 'Which lamps are these?', guestName: 'Hana', guestEmail: 'hana@example.org' }, // without secondsOnPage it waits,
  });
  assert.equal(guest.addComment.state, 'WAITING');
  const queue = await example(page, 'CommentsToReview');
  assert.ok(queue.moderationCounts.waiting > 0);
  const approved = await example(page, 'ApproveComments');
  assert.deepEqual(approved.approveComments.userErrors, []);
  assert.equal(approved.approveComments.comments[0].status, 'APPROVED');
  const draft = await example(page, 'WriteArticle');
  assert.deepEqual(draft.createArticle.userErrors, []);
  const out = await example(page, 'PublishArticle');
  assert.deepEqual(out.publishArticle.userErrors, []);
  const pulled = await example(page, 'PullSince');
  assert.ok(pulled.search.nodes.length > 1);

  await page.getByRole('button', { name: 'Show Operation builder' }).click();
  await page.locator('.graphiql-explorer-root').getByText('latestNews', { exact: true }).first().waitFor();

  await page.getByLabel('See as reader').check();
  const seen = await run(page, 'Seen', 'query Seen { viewer { role } }');
  assert.equal(seen.data.viewer, null, 'a reader is somebody');
  if (screenshot) await page.screenshot({ path: screenshot });
  // A draft is there for the editor, and not for the reader that the editor plays.
  const hide = `mutation Hidden { createArticle(input: { article: { title: "Not yet", body: { markdown: "Soon." } } }) { article { id } userErrors { code } } }`;
  await page.getByLabel('See as reader').uncheck();
  const { createArticle: { article: unpublished } } = (await run(page, 'Hidden', hide)).data;
  const look = `query Look { article(by: { id: ${JSON.stringify(unpublished.id)} }) { title } viewer { role } }`;
  assert.deepEqual((await run(page, 'Look', look)).data, { article: { title: 'Not yet' }, viewer: { role: 'EDITOR' } });
  await page.getByLabel('See as reader').check();
  assert.deepEqual((await run(page, 'Look', look)).data, { article: null, viewer: null });
  await page.getByLabel('See as reader').uncheck();

  // Who is signed in, and with which role, is shown after a reload too, until the editor signs out.
  await page.reload();
  const group = page.getByRole('group', { name: 'Account' });
  const account = page.getByRole('form', { name: 'Account' });
  await group.getByText('Ed · editor').waitFor();
  await group.getByRole('button', { name: 'Sign out' }).click();
  await account.getByText('Not signed in').waitFor();
  assert.equal((await run(page, 'Left', 'query Left { viewer { role } }')).data.viewer, null, 'the session outlives signing out');
  await page.reload();
  await account.getByText('Not signed in').waitFor();
  assert.ok(!/gulls|battery/.test(await stored(page)), 'a password is stored');
  await account.getByLabel('E-mail').fill(email);
  await account.getByLabel('Password').fill('not the password');
  await account.getByRole('button', { name: 'Sign in' }).click();
  await account.getByRole('status').last().filter({ hasText: /\w/ }).waitFor();
});

/** All that the page has stored. @param {import('playwright-core').Page} page */
function stored(page) {
  return page.evaluate(() => JSON.stringify({ ...window.localStorage }) + JSON.stringify({ ...window.sessionStorage }));
}

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

/** Opens an example, runs it, and gives the data of its answer. @param {import('playwright-core').Page} page @param {string} operation @returns {Promise<any>} */
async function example(page, operation) {
  await page.locator(`.broadsheet-examples [data-operation=${operation}]`).click();
  await page.getByRole('tab', { name: operation }).waitFor();
  const answer = page.waitForResponse((r) => (r.request().postData() ?? '').includes(`"operationName":"${operation}"`));
  await page.getByRole('button', { name: /^Execute query/ }).click();
  const { data, errors } = await (await answer).json();
  assert.equal(errors, undefined, `${operation}: ${JSON.stringify(errors)}`);
  return data;
}

/** Does what a guest does. @param {string} query @param {Record<string, unknown>} variables */
async function say(query, variables) {
  const response = await fetch(new URL('/graphql', base), { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ query, variables }) });
  return (await response.json()).data;
}
