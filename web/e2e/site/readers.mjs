// What readers do.
import assert from 'node:assert/strict';
import { anybody, another, at, frame, member as sign, nameOf, newsroom, open, password, publish, send, signUp, story } from './hands.mjs';

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

/** Approves a comment, if it waits for a moderator, and gives it. @param {string} body @returns {Promise<{ commentId: string, guestEmail: string } | undefined>} */
async function approve(body) {
  const { nodes } = await newsroom('{ moderationQueue(first: 50) { nodes { commentId body guestEmail } } }');
  const waiting = nodes.find((/** @type {{ body: string }} */ c) => c.body === body);
  if (waiting) await newsroom('mutation ($ids: [ID!]!) { approveComments(input: { ids: $ids }) { userErrors { message } } }', { ids: [waiting.commentId] });
  return waiting;
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
  const waiting = await approve(words);
  assert.equal(waiting?.guestEmail, 'salma@example.org', 'the comment is not in the queue');
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
  await signUp(page, 'Salma Aziz', email);
  await page.getByRole('button', { name: 'World', exact: true }).click();
  await page.locator('.choose [aria-pressed=true]').first().waitFor();
  await page.locator('.grid .teaser').first().waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('link', { name: 'Sign in' }).first().waitFor();
  await open(page, '/account/sign-in');
  await send(page, { 'E-mail address': email, Password: password }, 'Sign in');
  await page.getByRole('link', { name: 'Salma Aziz' }).waitFor();
  await open(page, '/reading-list');
  await page.locator('.saved').getByText('Port strike ends').waitFor(); // saved on the device before
  await open(page, '/account/settings');
  await page.getByLabel('Summary by mail').selectOption('WEEKLY');
  await page.getByText('Saved.').waitFor();
  await open(page, '/account/settings');
  assert.equal(await page.getByLabel('Summary by mail').inputValue(), 'WEEKLY', 'a setting is forgotten');
  const tab = await page.context().newPage(); // what is chosen in one tab is shown in the others, and on other pages
  await open(tab, '/interests');
  await tab.getByLabel('Tell me of replies').waitFor();
  const replies = await tab.getByLabel('Tell me of replies').isChecked();
  await tab.getByLabel('Tell me of replies').click();
  await tab.getByText('Saved.').waitFor();
  const turned = (/** @type {Page} */ of) => of.waitForFunction((before) => [...document.querySelectorAll('label.check')].some((l) => l.textContent?.includes('Tell me of replies') && l.querySelector('input')?.checked !== before), replies);
  await turned(page);
  await page.getByRole('link', { name: 'Your interests' }).click();
  await page.locator('.choose').waitFor();
  await turned(page);
  await page.locator('.choose [aria-pressed=true]').filter({ hasText: 'World' }).click();
  await page.locator('.choose [aria-pressed=false]').filter({ hasText: 'World' }).waitFor();
  await tab.locator('.choose [aria-pressed=false]').filter({ hasText: 'World' }).waitFor();
  await tab.close();
  await open(page, story);
  const form = page.getByRole('form', { name: 'Comment' });
  await page.getByRole('link', { name: 'Salma Aziz' }).waitFor();
  await form.getByLabel('Comment').fill('What was typed before the session ended');
  await page.context().clearCookies();
  await form.getByRole('button', { name: 'Send' }).click();
  await form.getByText('Your session has ended').waitFor();
  assert.equal(await form.getByLabel('Comment').inputValue(), 'What was typed before the session ended', 'what was typed is lost');
  await form.getByRole('link', { name: 'Sign in' }).click();
  await send(page, { 'E-mail address': email, Password: password }, 'Sign in');
  await form.getByLabel('Comment').waitFor();
  assert.equal(await form.getByLabel('Comment').inputValue(), 'What was typed before the session ended', 'what was typed is lost by signing in');
}

/** Bookmarks of the device are those of the account once the reader is back from a provider, which takes no token. @param {Page} page */
export async function device(page) {
  const { id } = await newsroom('query ($path: String!) { article(by: { path: $path }) { id } }', { path: story });
  const { deviceToken } = await anybody('mutation ($id: ID!) { addBookmark(input: { articleId: $id }) { deviceToken userErrors { message } } }', { id });
  const { reader, close } = await sign(page, 'Hind Said');
  await reader.evaluate((token) => window.localStorage.setItem('broadsheet:device', token), deviceToken);
  await open(reader, '/reading-list');
  await reader.locator('.saved').getByText('Port strike ends').waitFor();
  assert.equal(await reader.evaluate(() => window.localStorage.getItem('broadsheet:device')), null, 'the token of the device stays');
  await close();
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
  await page.locator('.big-search input').fill('ferr');
  await page.locator('#suggestions option').first().waitFor({ state: 'attached' });
  await page.locator('.facets').getByRole('link').first().click();
  await page.getByRole('link', { name: 'Clear' }).waitFor();
  await page.locator('.result').first().waitFor();
}

/** The archive cuts days and months where the site does, and knows what is no date. @param {Page} page */
export async function archive(page) {
  const { timeZone } = await newsroom('{ site { timeZone } }');
  assert.equal(timeZone, 'Asia/Riyadh', 'the demo newsroom has moved: three hours from UTC, all year');
  const asked = async (/** @type {string} */ path, operation = 'Archive') => {
    const request = page.waitForRequest((r) => r.url().endsWith('/graphql') && nameOf(r.postData() ?? '{}') === operation);
    await page.goto(at(path));
    const { publishedSince, publishedBefore } = JSON.parse((await request).postData() ?? '{}').variables.filter;
    return [publishedSince, publishedBefore];
  };
  assert.deepEqual(await asked('/archive?date=2026-03-01'), ['2026-02-28T21:00:00.000Z', '2026-03-01T21:00:00.000Z']);
  await page.getByRole('heading', { level: 1, name: '1 March 2026' }).waitFor();
  assert.deepEqual(await asked('/archive?date=2025-12'), ['2025-11-30T21:00:00.000Z', '2025-12-31T21:00:00.000Z']);
  assert.deepEqual(await asked('/search?q=port&year=2026', 'Search'), ['2025-12-31T21:00:00.000Z', '2026-12-31T21:00:00.000Z']);
  // At half past eleven at night on the last day of a month in UTC it is the month after.
  const { reader, close } = await another(page);
  await reader.clock.setFixedTime(new Date('2026-11-30T23:30:00Z'));
  await reader.goto(at('/archive'));
  await reader.getByRole('heading', { level: 1, name: 'December 2026' }).waitFor();
  await close();
  for (const date of ['2026-13', '2026-02-30', '2026-00', 'yesterday', '0000-01', '2026-1-1']) {
    await page.goto(at(`/archive?date=${date}`));
    await page.getByText(`There is no such month or day: ${date}`).waitFor();
    assert.equal(await page.title(), 'Archive');
    await page.getByRole('link', { name: 'The month before' }).waitFor();
  }
}

/** What a kicker says, it says once. @param {Page} page */
export async function opinion(page) {
  await open(page, '/sections/opinion');
  await page.locator('.teaser .kicker').first().waitFor();
  const said = await page.locator('.kicker').evaluateAll((all) => all.map((k) => [...k.children].map((c) => c.textContent)));
  assert.ok(said.some((words) => words.includes('Opinion')), 'there is no opinion');
  for (const words of said) assert.equal(new Set(words).size, words.length, words.join(' '));
  await page.locator('.kicker').filter({ hasText: 'Opinion' }).first().locator('..').getByRole('heading').getByRole('link').click();
  await page.locator('.story-head h1').waitFor();
  assert.equal(await page.locator('.story-head .kicker').innerText(), 'Opinion');
  const html = await (await fetch(at('/sections/opinion'))).text();
  assert.doesNotMatch(html, /Opinion<\/a> <span class="kind opinion">/, 'the first view says it twice');
}

/** Two readers talk: a comment, a reply, a like, a report, and the notification of it. @param {Page} page */
export async function talk(page) {
  const { path, id } = await publish({ title: `Ferries talk ${Date.now()}`, body: { markdown: 'They **talk**.' } });
  const { reader: hana, close: hanaLeaves } = await sign(page, 'Hana Lamis');
  const { reader: omar, close: omarLeaves } = await sign(page, 'Omar Said');
  await open(hana, path);
  const question = `Which ferry is it ${Date.now()}?`;
  await hana.getByRole('form', { name: 'Comment' }).getByLabel('Comment').fill(question);
  await hana.getByRole('form', { name: 'Comment' }).getByRole('button', { name: 'Send' }).click();
  await hana.getByText('Thank you.').waitFor();
  await approve(question);
  await open(omar, path);
  const comment = omar.locator('.thread > li').filter({ hasText: question }).first();
  await comment.getByRole('button', { name: 'Like' }).click();
  await comment.getByText('♥ 1').waitFor();
  await comment.getByRole('button', { name: 'Report' }).click();
  await omar.getByText('A moderator will look at it.').waitFor();
  await comment.getByRole('button', { name: 'Reply' }).click();
  const answer = `The white one ${Date.now()}.`;
  await omar.getByRole('form', { name: 'Reply to Hana Lamis' }).getByLabel('Reply to Hana Lamis').fill(answer);
  await omar.getByRole('form', { name: 'Reply to Hana Lamis' }).getByRole('button', { name: 'Send' }).click();
  await omar.waitForFunction(() => !document.querySelector('.thread .comment-form') || document.querySelector('.thread .comment-form .done')?.textContent?.includes('Thank you'));
  await approve(answer);
  await open(omar, path);
  await omar.locator('.thread .thread').getByText(answer).waitFor();

  for (let i = 0; i < 100; i++) { // the notification is made by a job
    await open(hana, '/notifications');
    if (await hana.locator('.notices li').count() > 0) break;
  }
  await hana.locator('.notices li.unread').first().waitFor();
  await hana.getByRole('button', { name: 'Mark all as read' }).click();
  await hana.locator('.notices li.unread').waitFor({ state: 'detached' });
  await hana.locator('.notices li a').first().click();
  await hana.getByRole('heading', { level: 1, name: /Ferries talk/ }).waitFor();
  await hanaLeaves();
  await omarLeaves();
  await newsroom('mutation ($id: ID!) { trashArticle(input: { id: $id }) { userErrors { message } } }', { id });
}

/** Writes to the newsroom; pages through the latest stories. @param {Page} page */
export async function contact(page) {
  await open(page, '/contact');
  const form = page.locator('form.panel');
  await form.getByLabel('Name').fill('Salma');
  await form.getByLabel('E-mail address').fill('salma@example.org');
  await form.getByLabel('Subject').fill('A correction');
  await form.getByLabel('Message').fill('The ferry is white.');
  await page.reload();
  await form.getByLabel('Message').waitFor();
  assert.equal(await form.getByLabel('Message').inputValue(), 'The ferry is white.', 'what was typed is lost');
  await page.route('**/graphql', async (route) => { // what was typed in less than three seconds is not believed
    const body = JSON.parse(route.request().postData() ?? '{}');
    if (body.variables?.input?.secondsOnPage) body.variables.input.secondsOnPage = 9;
    await route.continue({ postData: JSON.stringify(body) });
  });
  await send(page, {}, 'Send');
  await page.getByText('Your message was sent.').waitFor();
  await page.unroute('**/graphql');
  for (let i = 0; !(await (await fetch(at('/mail'))).text()).includes('A correction'); i++) assert.ok(i < 1000, 'the message does not arrive');
}

/** Pages through the latest stories, and turns to other pages without loading them. @param {Page} page */
export async function browse(page) {
  await open(page, '/latest');
  const before = await page.locator('.teaser').count();
  await page.getByRole('button', { name: 'Older stories' }).click();
  await page.waitForFunction((n) => document.querySelectorAll('.teaser').length > n, before);
  await page.locator('.nameplate .name').click();
  await page.locator('.top-lead h2').waitFor();
  await page.locator('.top-lead h2 a').click();
  await page.locator('.story-head h1').waitFor();
  await page.goBack();
  await page.locator('.top-lead h2').waitFor();
  await page.locator('.foot').getByRole('link', { name: 'About' }).first().click();
  await page.locator('.static-page h1').waitFor();
  for (const path of ['/sections/world', '/tags/port-strike', '/places/marjana', '/series/lines-under-the-sea', '/authors/huda-rashwat']) {
    await open(page, path);
    const label = await page.locator('h1').innerText();
    await page.locator('.list-page .teaser a').last().click();
    await page.locator('.story-head h1').waitFor();
    await page.goBack();
    await page.getByRole('heading', { level: 1, name: label, exact: true }).waitFor();
  }
}
