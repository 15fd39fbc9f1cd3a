// Every page of the site: what the server writes first, what the application shows, and how it looks.
import assert from 'node:assert/strict';
import { another, arabic, at, check, firstNames, mailPages, nameOf, open, paths, story, tooWide } from './hands.mjs';

/** @typedef {import('playwright-core').Page} Page */

/** @param {Page} page */
export async function consent(page) {
  await open(page, '/');
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.reload();
  await page.locator('.top-lead h2').waitFor();
  assert.equal(await page.locator('.consent').count(), 0, 'the consent line is back');
}

/** What the server wrote is what the application shows, and stays where it is. @param {Page} page @param {string[]} faults */
export async function firstViews(page, faults) {
  for (const path of ['/', '/languages/ar', '/sections/world', story, arabic]) {
    const html = await (await fetch(at(path))).text();
    const asked = /** @type {string[]} */ ([]);
    const pictures = /** @type {string[]} */ ([]);
    /** @param {import('playwright-core').Request} r */
    const note = (r) => {
      if (r.url().endsWith('/graphql')) asked.push(nameOf(r.postData() ?? ''));
      // What the page before still waits for is none of this page's.
      if (r.resourceType() === 'image' && r.headers()['referer'] === at(path)) pictures.push(r.url());
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
    const again = await firstNames(page);
    assert.ok(again.length > 0, `${path}: the first view has no answers`);
    assert.ok(asked.length > 0 && !asked.includes(''), `${path}: requests without a known name: ${asked}`);
    const first = again.filter((name) => asked.includes(name));
    assert.deepEqual(first, [], `${path}: asked twice`);
    // A picture that stands on a page twice may be fetched in two sizes, and the greater of them shown in both places.
    const file = (/** @type {string} */ url) => url.replace(/\/[^/]*$/, '');
    const times = (/** @type {string[]} */ urls, /** @type {string} */ url) => urls.filter((u) => file(u) === file(url)).length;
    const shown = await page.evaluate(() => [...document.images].map((i) => i.currentSrc || i.src));
    const wasted = pictures.filter((url, i) => url.startsWith('http') && pictures.indexOf(url) === i && times([...new Set(pictures)], url) > times(shown, url));
    assert.deepEqual(wasted, [], `${path}: pictures that are fetched and not shown`);
    assert.equal(await page.locator('main .frame img:not([srcset]), .lead-picture img:not([srcset]), .prose img:not([srcset])').count(), 0, `${path}: a picture without variants`);
    assert.equal(await page.locator('main img:not([width]), main img:not([height])').count(), 0, `${path}: a picture without its size`);
    const shift = Number(await page.evaluate(() => document.documentElement.dataset['shift'] ?? '0'));
    if (shift > 0.1) faults.push(`${path}: the layout shifts by ${shift}`);
  }
}

/** Every page answers, has one main heading, and no violation. @param {Page} page @param {string[]} faults */
export async function everyPage(page, faults) {
  /** One or more pages for each first part of paths, and those that editors wrote. @type {Record<string, string[]>} */
  const named = {
    languages: ['/languages/ar'], articles: [story, arabic], sections: ['/sections/world', '/sections/world?language=ar'], tags: ['/tags/port-strike'], places: ['/places/marjana'],
    series: ['/series/lines-under-the-sea'], authors: ['/authors/huda-rashwat'], '': ['/about', '/contact', '/search?q=port', '/archive?date=2026-01-05'],
  };
  for (const first of Object.keys(paths.below)) assert.ok(named[first], `no page below /${first}/ is opened here`);
  const fixed = Object.keys(paths.fixed);
  for (const path of mailPages) assert.ok(fixed.includes(path), `mails lead to ${path}, which is no page of the site`);
  const pages = [...fixed.map((path) => (mailPages.includes(path) ? `${path}?token=x` : path)), ...Object.values(named).flat()];
  for (const path of pages) {
    const response = await open(page, path);
    assert.equal(response?.status(), 200, path);
    assert.equal(await page.locator('.big-number').count(), 0, `${path}: the application knows no such page`);
    await check(page, faults, path);
    assert.ok((await page.locator('h1').count()) === 1, `${path}: main headings`);
    assert.equal(await tooWide(page), false, `${path} is wider than the window`);
  }
  for (const [path, status] of /** @type {const} */ ([['/nothing/here', 404], ['/competitions/win-a-boat', 410]])) {
    assert.equal((await fetch(at(path))).status, status, path);
  }
  const moved = await fetch(at('/news/port-strike-latest'), { redirect: 'manual' });
  assert.equal(moved.status, 301);
}

/** The budget of scripts of an article page: 120 kB compressed. @param {Page} page */
export async function scripts(page) {
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
export async function blurred(page) {
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

/** Reaches the content by the keyboard alone. @param {Page} page */
export async function keyboard(page) {
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
export async function dark(page, faults) {
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' });
  await page.setViewportSize({ width: 390, height: 844 });
  for (const path of ['/', story, arabic]) {
    await open(page, path);
    await check(page, faults, `${path} (dark, 390)`);
    assert.equal(await tooWide(page), false, `${path} is wider than a phone`);
  }
  await page.getByRole('button', { name: 'القائمة' }).click();
  await page.locator('.sections').getByRole('link').first().waitFor();
}
