// The service worker of the site: pages that were read can be read again without a network, and other addresses say that
// there is none. It never answers for the API, and never with something old while the network answers.
// It is served at /_site/worker.js for the whole site; see web/site/vite.config.ts and internal/website/assets.go.
// @ts-check
/// <reference lib="webworker" />

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const PAGES = 'broadsheet-pages-2';
const FILES = 'broadsheet-files-2';
const OFFLINE = '/offline';
const THEME = '/_site/theme.css';
const MOST = { [PAGES]: 40, [FILES]: 60 }; // the oldest make room

worker.addEventListener('install', (event) => event.waitUntil(prepare().then(() => worker.skipWaiting())));
worker.addEventListener('activate', (event) => event.waitUntil(tidy().then(() => worker.clients.claim())));
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(event));
  else if (url.pathname.startsWith('/_site/static/')) event.respondWith(file(event)); // names carry a hash of the content
  else if (url.pathname === THEME) event.respondWith(theme(event));
});
// The application tells of pages that it showed without loading them: each is fetched as it would have been loaded.
worker.addEventListener('message', (event) => {
  const { keep } = /** @type {{ keep?: unknown }} */ (event.data ?? {});
  if (typeof keep !== 'string' || new URL(keep, worker.location.href).origin !== worker.location.origin) return;
  event.waitUntil(fetch(keep, { priority: 'low', redirect: 'manual' }).then((answer) => remember(keep, answer), () => undefined));
});

/** Keeps the page that is shown without a network, and its looks. */
async function prepare() {
  const answer = await fetch(OFFLINE, { cache: 'reload' });
  if (!answer.ok) throw new Error(`${OFFLINE}: ${answer.status}`);
  const html = await answer.clone().text();
  await (await caches.open(PAGES)).put(OFFLINE, answer);
  await (await caches.open(FILES)).addAll(filesOf(html));
}

/** The files of the site that a page names: looks, letters and scripts. @param {string} html */
function filesOf(html) {
  return [...html.matchAll(/"(\/_site\/(?:static\/[^"]+\.(?:css|js|woff2)|theme\.css))"/g)].map(([, path = '']) => path);
}

/** Removes what other versions of this file kept. */
async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith('broadsheet-') && !(name in MOST)) await caches.delete(name);
}

/** @param {FetchEvent} event */
async function page(event) {
  const { request } = event;
  try {
    const answer = await fetch(request);
    event.waitUntil(remember(request.url, answer.clone()));
    return answer;
  } catch (error) {
    const pages = await caches.open(PAGES);
    const known = (await pages.match(request.url, { ignoreVary: true })) ?? (await pages.match(OFFLINE));
    if (known) return known;
    throw error;
  }
}

/** Keeps a page that may be kept, with its files, and forgets one that was withdrawn or is elsewhere by now. @param {string} url @param {Response} answer */
async function remember(url, answer) {
  if (answer.status === 404 || answer.status === 410 || answer.type === 'opaqueredirect') {
    await (await caches.open(PAGES)).delete(url, { ignoreVary: true });
    return;
  }
  // Only pages of the site name a language, and those that are for one person alone may not be stored.
  if (answer.status !== 200 || !answer.headers.has('Content-Language') || answer.headers.get('Cache-Control')?.includes('no-store')) return;
  if (/^\/(account|newsletters|comments)\//.test(new URL(url, worker.location.href).pathname)) return;
  const named = filesOf(await answer.clone().text());
  await put(PAGES, url, answer);
  try {
    const files = await caches.open(FILES);
    const known = new Set((await files.keys()).map((r) => new URL(r.url).pathname));
    const lacking = named.filter((path) => !known.has(path));
    await files.addAll(lacking);
    if (lacking.some((path) => path.endsWith('.css'))) await prepare(); // the site looks otherwise now, also without a network
    await sweep();
  } catch {
    // The device is full, or the network is gone again: the next page tries again.
  }
}

/** @param {FetchEvent} event */
async function file(event) {
  const { request } = event;
  const known = await (await caches.open(FILES)).match(request, { ignoreVary: true });
  if (known) return known;
  const answer = await fetch(request);
  if (answer.status === 200) event.waitUntil(put(FILES, request.url, answer.clone()));
  return answer;
}

/** The theme has one name, whatever is in it. @param {FetchEvent} event */
async function theme(event) {
  try {
    const answer = await fetch(event.request);
    if (answer.status === 200) event.waitUntil(put(FILES, THEME, answer.clone()));
    return answer;
  } catch (error) {
    const known = await (await caches.open(FILES)).match(THEME, { ignoreVary: true });
    if (known) return known;
    throw error;
  }
}

/** Removes the oldest files that no kept page names, where there are too many. */
async function sweep() {
  const files = await caches.open(FILES);
  const all = await files.keys();
  let over = all.length - (MOST[FILES] ?? 0);
  if (over <= 0) return;
  const pages = await caches.open(PAGES);
  const named = new Set();
  for (const request of await pages.keys()) for (const path of filesOf((await (await pages.match(request, { ignoreVary: true }))?.text()) ?? '')) named.add(path);
  for (const request of all) {
    if (over <= 0 || named.has(new URL(request.url).pathname)) continue;
    await files.delete(request);
    over--;
  }
}

/** @param {string} name of a cache @param {string} url @param {Response} answer */
async function put(name, url, answer) {
  try {
    const cache = await caches.open(name);
    await cache.delete(url, { ignoreVary: true }); // what is put again is the newest
    await cache.put(url, answer);
    if (name !== PAGES) return;
    const all = (await cache.keys()).filter((r) => new URL(r.url).pathname !== OFFLINE);
    for (const old of all.slice(0, Math.max(0, all.length - (MOST[PAGES] ?? 0)))) await cache.delete(old, { ignoreVary: true });
  } catch {
    // The device is full: the reader has the answer all the same.
  }
}
