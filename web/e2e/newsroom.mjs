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

  assert.match(await page.locator('.broadsheet-cost').innerText(), /^Cost [\d,]+ of 25,000/);

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
