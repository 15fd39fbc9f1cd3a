// The service worker of the site: pages that were read can be read again without a network, and other addresses say that
// there is none. It never answers for the API, and never with something old while the network answers.
// It is served at /_site/worker.js for the whole site; see web/site/vite.config.ts and internal/website/assets.go.
// @ts-check
/// <reference lib="webworker" />

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const PAGES = 'broadsheet-pages-1';
const FILES = 'broadsheet-files-1';
const OFFLINE = '/offline';
const MOST = { [PAGES]: 40, [FILES]: 60 }; // the oldest make room

worker.addEventListener('install', (event) => event.waitUntil(prepare().then(() => worker.skipWaiting())));
worker.addEventListener('activate', (event) => event.waitUntil(tidy().then(() => worker.clients.claim())));
worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (url.pathname.startsWith('/_site/static/')) event.respondWith(file(request)); // names carry a hash of the content
});

/** Keeps the page that is shown without a network, and its looks. */
async function prepare() {
  const answer = await fetch(OFFLINE, { cache: 'reload' });
  if (!answer.ok) throw new Error(`${OFFLINE}: ${answer.status}`);
  const html = await answer.clone().text();
  await (await caches.open(PAGES)).put(OFFLINE, answer);
  const files = [...html.matchAll(/"(\/_site\/(?:static\/[^"]+\.(?:css|woff2)|theme\.css))"/g)].map(([, path = '']) => path);
  await (await caches.open(FILES)).addAll(files);
}

/** Removes what other versions of this file kept. */
async function tidy() {
  for (const name of await caches.keys()) if (name.startsWith('broadsheet-') && !(name in MOST)) await caches.delete(name);
}

/** @param {Request} request */
async function page(request) {
  try {
    const answer = await fetch(request);
    // Only pages of the site name a language, and those that are for one person alone may not be stored.
    const stored = answer.status === 200 && answer.headers.has('Content-Language') && !answer.headers.get('Cache-Control')?.includes('no-store');
    if (answer.status === 404 || answer.status === 410 || answer.type === 'opaqueredirect') await (await caches.open(PAGES)).delete(request); // withdrawn, or elsewhere by now
    else if (stored && !/^\/(account|newsletters)\//.test(new URL(request.url).pathname)) await keep(PAGES, request, answer.clone());
    return answer;
  } catch (error) {
    const pages = await caches.open(PAGES);
    const known = (await pages.match(request)) ?? (await pages.match(OFFLINE));
    if (known) return known;
    throw error;
  }
}

/** @param {Request} request */
async function file(request) {
  const known = await (await caches.open(FILES)).match(request);
  if (known) return known;
  const answer = await fetch(request);
  if (answer.status === 200) await keep(FILES, request, answer.clone());
  return answer;
}

/** @param {keyof typeof MOST} name @param {Request} request @param {Response} answer */
async function keep(name, request, answer) {
  try {
    const cache = await caches.open(name);
    await cache.delete(request); // what is put again is the newest
    await cache.put(request, answer);
    const all = (await cache.keys()).filter((r) => new URL(r.url).pathname !== OFFLINE);
    for (const old of all.slice(0, Math.max(0, all.length - (MOST[name] ?? 0)))) await cache.delete(old);
  } catch {
    // The device is full: the reader has the answer all the same.
  }
}
