// What readers do.
import assert from 'node:assert/strict';
import { follow, frame, newsroom, open, story } from './hands.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** Save, find it after a reload, remove, undo. @param {Page} page */
export async function bookmarks(page) {
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
export async function comment(page) {
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
export async function live(page) {
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
export async function member(page) {
  const email = `reader${Date.now()}@example.net`;
  await open(page, '/account/sign-up');
  const panel = page.locator('form.panel');
  await panel.getByLabel('Name').fill('Salma Aziz');
  await panel.getByLabel('E-mail address').fill(email);
  await panel.getByLabel('Password').fill('nine slow ferries');
  await panel.getByRole('button', { name: 'Sign up' }).click();
  await page.getByText('Open the link in the mail').waitFor();
  await follow(page, email, '/account/verify');
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

/** Searches in both languages, and narrows down. @param {Page} page */
export async function search(page) {
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
