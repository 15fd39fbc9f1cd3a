// What mails lead to: each page is come to from the mail itself, opened in the browser.
import assert from 'node:assert/strict';
import { anybody, check, follow, newsroom, open, password, send, signUp, story } from './hands.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** Subscribes, confirms, gets an issue, chooses, leaves. @param {Page} page @param {string[]} faults */
export async function newsletter(page, faults) {
  const email = `letters${Date.now()}@example.net`;
  await open(page, story);
  const form = page.locator('.newsletter.article');
  await form.getByLabel('E-mail address').fill(email);
  await form.getByRole('button', { name: 'Subscribe' }).click();
  assert.ok(await form.locator('input[type=checkbox]').evaluate((box) => !(/** @type {HTMLInputElement} */ (box)).validity.valid), 'a subscription needs no consent');
  await form.getByRole('checkbox').check();
  await form.getByRole('button', { name: 'Subscribe' }).click();
  await form.getByText('open the link in the mail').waitFor();

  await follow(page, email, '/newsletters/confirm');
  await send(page, {}, 'Confirm');
  await page.getByText('You are subscribed.').waitFor();
  await check(page, faults, '/newsletters/confirm, confirmed');
  await page.getByRole('link', { name: 'Newsletter preferences' }).click();
  await page.getByRole('heading', { level: 1, name: 'Newsletter preferences' }).waitFor();
  const morning = page.getByRole('checkbox', { name: /The Morning Letter/ });
  assert.equal(await morning.isChecked(), true, 'the preferences do not know the subscription');

  // An issue, as the newsroom sends it: its links are signed for this reader.
  const [letter] = await newsroom('{ newsletters { id } }');
  const { issue } = await newsroom('mutation ($input: CreateNewsletterIssueInput!) { createNewsletterIssue(input: $input) { issue { id } userErrors { message } } }', { input: { newsletterId: letter.id, subject: 'The harbour today' } });
  await newsroom('mutation ($input: NewsletterIssueInput!) { sendNewsletterIssue(input: $input) { userErrors { message } } }', { input: { id: issue.id } });
  await follow(page, email, '/articles/');
  await page.locator('.story-head h1').waitFor();

  await follow(page, email, '/newsletters/preferences');
  await morning.uncheck();
  await send(page, {}, 'Save changes');
  await page.getByText('Saved.').waitFor();
  await page.reload();
  assert.equal(await morning.isChecked(), false, 'what was chosen is forgotten');
  await morning.check();
  await send(page, {}, 'Save changes');
  await page.getByText('Saved.').waitFor();

  const leave = await follow(page, email, '/newsletters/unsubscribe');
  await page.getByText('Do you want to leave').waitFor();
  await send(page, {}, 'Leave the newsletter');
  await page.getByText('You have left.').waitFor();
  await check(page, faults, '/newsletters/unsubscribe, left');
  await open(page, leave);
  await send(page, {}, 'Leave the newsletter'); // again, as readers do
  await page.getByText('You have left.').waitFor();
  await follow(page, email, '/newsletters/preferences');
  assert.equal(await morning.isChecked(), false, 'who left is subscribed');
  for (const path of ['/newsletters/confirm', '/newsletters/preferences', '/newsletters/unsubscribe']) {
    await open(page, `${path}?token=forged`);
    if (path.endsWith('preferences')) await page.getByText('This link is not valid any more.').waitFor();
    else {
      await page.locator('form.panel button').click();
      await page.locator('form.panel .failed').filter({ hasText: /\w/ }).waitFor();
    }
  }
}

/** The mails of an account: a link that signs in, a lost password, another address, an address that is taken, an invitation. @param {Page} page */
export async function account(page) {
  const email = `salma${Date.now()}@example.net`;
  const who = page.getByRole('link', { name: 'Salma Aziz' });
  const out = async () => {
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.locator('.tools').getByRole('link', { name: 'Sign in' }).waitFor();
  };
  await page.context().clearCookies();
  await signUp(page, 'Salma Aziz', email);
  await out();

  await open(page, '/account/sign-up'); // once more: the answer is the same, the mail is not
  await send(page, { Name: 'Salma Aziz', 'E-mail address': email, Password: password }, 'Sign up');
  await page.getByText('Open the link in the mail').waitFor();
  await follow(page, email, '/account/sign-in');
  await page.locator('form.panel').getByLabel('Password').waitFor();

  await page.locator('form.panel').getByLabel('E-mail address').fill(email);
  await page.getByRole('button', { name: 'Send me a sign-in link' }).click();
  await page.getByText('a mail is on its way').waitFor();
  const link = await follow(page, email, '/account/sign-in?token');
  await send(page, {}, 'Sign in');
  await who.waitFor();
  await out();
  await open(page, link); // it works once
  await send(page, {}, 'Sign in');
  await page.locator('form.panel .failed').filter({ hasText: /\w/ }).waitFor();

  await open(page, '/account/sign-in');
  await page.getByRole('link', { name: 'Lost your password?' }).click();
  await page.getByRole('heading', { level: 1, name: 'Lost your password?' }).waitFor();
  await send(page, { 'E-mail address': email }, 'Send');
  await page.getByText('a mail is on its way').waitFor();
  await follow(page, email, '/account/reset-password');
  await page.locator('form.panel input[type=password]').fill('ten slower ferries still');
  await send(page, {}, 'Save changes');
  await page.getByText('Your password is changed.').waitFor();
  await open(page, '/account/sign-in');
  await send(page, { 'E-mail address': email, Password: password }, 'Sign in');
  await page.locator('form.panel .failed').filter({ hasText: /\w/ }).waitFor();
  await send(page, { Password: 'ten slower ferries still' }, 'Sign in');
  await who.waitFor();

  const moved = `new-${email}`;
  await open(page, '/account/settings');
  await send(page, { 'New e-mail address': moved, Password: 'ten slower ferries still' }, 'Change the address');
  await page.getByText('open the link in the mail that we sent').waitFor();
  await follow(page, moved, '/account/confirm-email');
  await send(page, {}, 'Confirm');
  await page.getByText('Saved.').waitFor();
  await open(page, '/account/settings');
  await page.getByText(moved).waitFor();
  await out();

  const guest = `guest${Date.now()}@example.net`;
  await newsroom('mutation ($input: InviteReaderInput!) { inviteReader(input: $input) { userErrors { message } } }', { input: { email: guest } });
  await follow(page, guest, '/account/sign-up');
  await send(page, { Name: 'Hana', 'E-mail address': guest, Password: password }, 'Sign up');
  await page.getByText('Open the link in the mail').waitFor();
}

/** A digest leads to its stories, to the settings, and to its end. @param {Page} page */
export async function digest(page) {
  const email = process.env['BROADSHEET_DIGEST'] ?? '';
  await follow(page, email, '/articles/');
  await page.locator('.story-head h1').waitFor();
  await follow(page, email, '/account/settings');
  await page.getByText('Sign in to see this page.').waitFor();
  await follow(page, email, '/account/stop-digest');
  await send(page, {}, 'End the summaries');
  await page.getByText('No more summaries will come.').waitFor();
}

/** What guests do with the mail of their comment: change, delete, make it part of an account; and whoever disagrees with a decision complains. @param {Page} page @param {string[]} faults */
export async function remarks(page, faults) {
  const { id } = await newsroom('query ($path: String!) { article(by: { path: $path }) { id } }', { path: story });
  const post = async (/** @type {string} */ body, /** @type {string} */ guestEmail) => (await anybody('mutation ($input: AddCommentInput!) { addComment(input: $input) { commentId userErrors { message } } }',
    { input: { articleId: id, body, guestName: 'Huda', guestEmail, secondsOnPage: 60 } })).commentId;
  const email = `huda${Date.now()}@example.net`;
  const first = await post(`The cranes turn ${Date.now()}`, email);
  const link = await follow(page, email, '/comments/own');
  const field = page.locator('form.panel').getByLabel('Comment');
  await check(page, faults, '/comments/own');
  await field.fill('The cranes turn slowly');
  await send(page, {}, 'Save changes');
  await page.getByText('Saved.').waitFor();
  await page.reload();
  await field.waitFor();
  assert.equal(await field.inputValue(), 'The cranes turn slowly', 'the change is forgotten');

  const removed = await newsroom('mutation ($input: RemoveCommentInput!) { removeComment(input: $input) { comment { commentId } userErrors { message } } }', { input: { id: first, reason: 'Off the subject', showReason: true } });
  assert.equal(removed.comment.commentId, first);
  await follow(page, email, '/contact-us');
  await page.getByRole('heading', { level: 1, name: 'Contact' }).waitFor();
  await open(page, link); // what a moderator took away is its author's no more
  await page.getByText('This link is not valid any more.').waitFor();

  const second = `second-${email}`;
  await post(`Cranes and gulls ${Date.now()}`, second);
  await follow(page, second, '/comments/own');
  await page.getByRole('button', { name: 'Delete the comment' }).click();
  await page.getByText('Your comment is deleted.').waitFor();

  const third = `third-${email}`;
  await post(`Gulls and cranes ${Date.now()}`, third);
  await page.context().clearCookies();
  await signUp(page, 'Huda', `member-${email}`);
  await follow(page, third, '/comments/own');
  await page.getByRole('button', { name: 'Make it part of my account' }).click();
  await page.getByText('The comment is part of your account now.').waitFor();
  await page.context().clearCookies();
}
