// Odd stories and odd addresses.
import assert from 'node:assert/strict';
import { another, at, check, newsroom, open, publish, story, tooWide } from './hands.mjs';

/** @typedef {import('playwright-core').Page} Page */

const step = (/** @type {'killArticle' | 'publishArticle' | 'unpublishArticle' | 'trashArticle'} */ name, /** @type {string} */ id, /** @type {Record<string, unknown>} */ more = {}) =>
  newsroom(`mutation ($input: ${name === 'killArticle' || name === 'publishArticle' ? name.replace(/^./, (c) => c.toUpperCase()) + 'Input' : 'ArticleStepInput'}!) { ${name}(input: $input) { userErrors { message } } }`, { input: { id, ...more } });

/** A wrong slug leads on, what is gone says so, and a reading list survives it. @param {Page} page */
export async function addresses(page) {
  const { reader, close } = await another(page);
  const first = await publish({ title: `A boat with one name ${Date.now()}`, body: { markdown: 'It floats.' } });
  const { article: second } = await newsroom('mutation ($input: UpdateArticleInput!) { updateArticle(input: $input) { article { path } userErrors { message } } }', { input: { id: first.id, article: { slug: `a-boat-with-another-name-${Date.now()}` } } });
  assert.notEqual(second.path, first.path);
  // A bookmark of the browser, and a link that was written before.
  const moved = await fetch(at(first.path), { redirect: 'manual' });
  assert.equal(moved.status, 301);
  assert.equal(new URL(moved.headers.get('location') ?? '', at('/')).pathname, second.path);
  await open(reader, first.path);
  assert.equal(new URL(reader.url()).pathname, second.path);
  await reader.locator('.story-head h1').waitFor();
  await open(reader, '/');
  await reader.evaluate((path) => { document.querySelector('.top-lead h2 a')?.setAttribute('href', path); }, first.path);
  await reader.locator('.top-lead h2 a').click();
  await reader.waitForFunction((path) => window.location.pathname === path, second.path);
  await reader.getByRole('heading', { level: 1, name: first.title }).waitFor();
  await reader.goBack(); // the wrong address is not in the history
  await reader.locator('.top-lead').waitFor();

  // A bookmark of a story that is withdrawn while it is on the list.
  await open(reader, second.path);
  await reader.getByRole('button', { name: 'Save', exact: true }).click();
  await reader.getByRole('button', { name: 'Saved', exact: true }).waitFor();
  await open(reader, '/reading-list');
  await reader.locator('.saved').getByText(first.title).waitFor();
  await step('unpublishArticle', first.id);
  await reader.reload();
  await reader.getByText('Nothing is saved yet').waitFor();
  assert.equal(await reader.getByText(first.title).count(), 0, 'a hidden story is on the list');
  assert.equal((await fetch(at(second.path))).status, 404);
  await open(reader, second.path);
  await reader.getByRole('heading', { level: 1, name: 'There is nothing at this address' }).waitFor();
  await step('publishArticle', first.id);
  await open(reader, '/reading-list');
  await reader.locator('.saved').getByText(first.title).waitFor();
  await step('killArticle', first.id, { notice: 'The boat asked for it.', reason: 'test' });
  await reader.locator('.saved h2 a').click(); // in the tab that was open before
  await reader.getByText('The boat asked for it.').waitFor();
  assert.equal(await reader.locator('.big-number').innerText(), '410');
  assert.equal((await fetch(at(second.path))).status, 410);
  await reader.reload();
  await reader.getByText('The boat asked for it.').waitFor();
  assert.equal((await fetch(at(first.path), { redirect: 'follow' })).status, 410, 'the old address of what is gone');
  await open(reader, '/nothing/here');
  await reader.getByRole('heading', { level: 1, name: 'There is nothing at this address' }).waitFor();
  await reader.getByRole('link', { name: 'Front page' }).first().click();
  await reader.locator('.top-lead').waitFor();
  await close();
}

/** Ten thousand words, a title without spaces, and text of both directions, on a phone and on a desk. @param {Page} page @param {string[]} faults */
export async function stories(page, faults) {
  const words = Array.from({ length: 100 }, (_, i) => `${i % 10 === 0 ? `## Part ${i / 10 + 1}\n\n` : ''}${Array.from({ length: 100 }, (_, j) => `word${(i * 7 + j) % 97}`).join(' ')} لا شيء.`).join('\n\n');
  const table = '\n\n| Ferry | Speed |\n| --- | --- |\n| White | 12 |\n| Blue | 14 |\n';
  const long = await publish({ title: `Ten thousand words ${Date.now()}`, body: { markdown: words + table } });
  const unbroken = await publish({ title: `Донаудампфшифффартсгезелльшафт${'Schifffahrtsgesellschaft'.repeat(6)}${Date.now()}`, excerpt: 'x'.repeat(200), body: { markdown: `${'y'.repeat(400)}\n\n\`${'z'.repeat(300)}\`` } });
  const mixed = await publish({ title: `الميناء يفتح HARBOUR 2026 (Phase II) من جديد ${Date.now()}`, language: 'ar', body: { markdown: 'قال المتحدث: "We open at 6 a.m." ثم أضاف.\n\nEnglish paragraph in an Arabic story.\n\n- بند أول\n- second item' } });
  const { reader, close } = await another(page);
  reader.on('pageerror', (error) => faults.push(`odd story: ${error.message}`));
  reader.on('console', (m) => { if (m.type() === 'error') faults.push(`odd story: ${m.text()}`); });
  for (const width of [390, 1440]) {
    await reader.setViewportSize({ width, height: 900 });
    for (const { path } of [long, unbroken, mixed]) {
      await open(reader, path);
      await reader.getByRole('form').last().waitFor();
      assert.equal(await tooWide(reader), false, `${path} is wider than ${width}`);
      if (width === 390) await check(reader, faults, path);
    }
    for (const path of ['/', '/latest', '/search?q=word1', '/languages/ar']) { // where they stand in lists
      await open(reader, path);
      assert.equal(await tooWide(reader), false, `${path} is wider than ${width} with odd stories`);
    }
  }
  await open(reader, long.path);
  assert.equal(await reader.locator('.prose > p').count(), 100);
  assert.match(await reader.locator('.byline .meta').innerText(), /\d\d min read/);
  assert.equal(await reader.locator('.prose table td').first().innerText(), 'White');
  await reader.locator('.prose h2').last().scrollIntoViewIfNeeded();
  await open(reader, mixed.path);
  const turns = await reader.evaluate(() => ({
    page: document.documentElement.dir, title: getComputedStyle(document.querySelector('.story-head h1') ?? document.body).direction,
    sides: [...document.querySelectorAll('.prose p, .prose li')].map((p) => { // on which side its first letter stands
      const range = document.createRange();
      const text = document.createTreeWalker(p, NodeFilter.SHOW_TEXT).nextNode() ?? p;
      range.setStart(text, 0);
      range.setEnd(text, 1);
      const [letter, whole] = [range.getBoundingClientRect(), p.getBoundingClientRect()];
      return letter.left - whole.left < whole.right - letter.right ? 'left' : 'right';
    }),
  }));
  assert.deepEqual(turns, { page: 'rtl', title: 'rtl', sides: ['right', 'left', 'right', 'left'] });
  for (const { id } of [long, unbroken, mixed]) await step('trashArticle', id);
  await close();
}

/** Pictures that do not come: the words stay where they are, and say what the pictures show. @param {Page} page */
export async function pictures(page) {
  const { reader, close } = await another(page);
  await reader.route('**/media/**', (route) => route.fulfill({ status: 404, body: 'There is no such file.' }));
  for (const path of ['/', story]) {
    await open(reader, path);
    await reader.waitForLoadState('networkidle');
    assert.ok(await reader.evaluate(() => [...document.images].some((i) => i.complete && i.naturalWidth === 0)), `${path}: no picture is missing`);
    assert.equal(await reader.locator('img:not([alt])').count(), 0, `${path}: a picture without words for it`);
    assert.equal(await reader.evaluate(() => [...document.images].filter((i) => i.complete && i.naturalWidth === 0 && i.classList.contains('blurred')).length), 0, `${path}: a blur stays for what does not come`);
    assert.equal(await tooWide(reader), false);
    const flat = await reader.locator('main .frame img, .lead-picture img').evaluateAll((all) => all.filter((i) => i.getBoundingClientRect().height < 50).length);
    assert.equal(flat, 0, `${path}: a missing picture gives its place away`);
  }
  assert.ok(await reader.locator('.lead-picture img').getAttribute('alt'), 'the lead picture has no words');
  await close();
}
