// Reads a site through its WordPress REST interface with the client wpapi, and
// prints what it read as JSON: node e2e/wordpress.mjs https://site.example/wp-json
import WPAPI from 'wpapi';

const wp = new WPAPI({ endpoint: process.argv[2] });

/** @typedef {any} Item what WordPress answers with */

/** Follows the pages of a list to its end. @param {any} request */
async function all(request) {
  const items = /** @type {Item[]} */ ([]);
  for (let page = await request; ; page = await page._paging.next) {
    items.push(...page);
    if (!page._paging?.next) return { items, total: Number(page._paging?.total ?? items.length) };
  }
}

const slugs = (/** @type {Item[]} */ list) => list.map((x) => x.slug);
const told = (/** @type {any} */ problem) => ({ code: problem.code, status: problem.data.status });
const posts = await all(wp.posts().perPage(2).embed());
const first = posts.items[0];
const category = (await wp.categories().slug('world'))[0];
const tag = (await wp.tags().search('flo'))[0];
const refused = await wp.posts().perPage(1000).then(() => null, told);
const absent = await wp.posts().id(999999).then(() => null, told);
process.stdout.write(JSON.stringify({
  posts: slugs(posts.items),
  total: posts.total,
  author: first._embedded.author[0].name,
  terms: first._embedded['wp:term'].flat().map((/** @type {Item} */ x) => x.slug),
  oldest: slugs(await wp.posts().order('asc').orderby('date').perPage(1)),
  inCategory: slugs(await wp.posts().categories(category.id)),
  tagged: slugs(await wp.posts().tags(tag.id)),
  after: slugs(await wp.posts().after(new Date(Date.UTC(2026, 2, 1, 9, 0, 3)))),
  modified: slugs(await wp.posts().param('modified_after', '2026-03-01T09:00:03Z')),
  included: slugs(await wp.posts().include([first.id])),
  excluded: slugs(await wp.posts().exclude([first.id])),
  found: slugs(await wp.posts().search('Story 2')),
  bySlug: slugs(await wp.posts().slug('story-1')),
  single: (await wp.posts().id(first.id)).title.rendered,
  fields: Object.keys((await wp.posts().perPage(1).param('_fields', 'id,slug'))[0]).filter((name) => name !== '_paging').sort(),
  users: slugs(await wp.users()),
  pages: slugs(await wp.pages()),
  media: (await wp.media()).length,
  comments: (await wp.comments().forPost(first.id)).map((/** @type {Item} */ c) => [c.author_name, c.content.rendered]),
  refused,
  absent,
}));
