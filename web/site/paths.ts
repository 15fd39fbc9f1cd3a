/**
 * The paths of the site, with the kind of page that each shows and the file in pages/ that shows it. The scheme is that of the server
 * (internal/permalink). The build hands the table to the server, which knows from it what the application alone shows, and to the tests,
 * which open every page in it.
 */
export const paths = {
  /** Paths that name one page. */
  fixed: {
    '/': ['front', 'Front'], '/latest': ['latest', 'List'], '/archive': ['archive', 'Archive'], '/search': ['search', 'Search'],
    '/account/sign-in': ['sign-in', 'Forms'], '/account/sign-up': ['sign-up', 'Forms'], '/account/lost-password': ['lost-password', 'Forms'],
    '/account/reset-password': ['reset-password', 'Forms'], '/account/verify': ['verify', 'Forms'], '/account/confirm-email': ['confirm-email', 'Forms'],
    '/account/stop-digest': ['stop-digest', 'Forms'], '/newsletters/confirm': ['confirm', 'Forms'], '/newsletters/preferences': ['preferences', 'Forms'],
    '/newsletters/unsubscribe': ['unsubscribe', 'Forms'], '/contact-us': ['contact', 'Forms'], '/comments/own': ['own-comment', 'Forms'],
    '/reading-list': ['reading-list', 'Reader'], '/interests': ['interests', 'Reader'], '/notifications': ['notifications', 'Reader'], '/account/settings': ['settings', 'Reader'],
  },
  /** First parts of paths whose second part names a thing: /articles/SLUG. */
  below: {
    languages: ['front', 'Front'], articles: ['article', 'Article'], sections: ['sections', 'List'], tags: ['tags', 'List'], places: ['places', 'List'], series: ['series', 'List'], authors: ['authors', 'List'],
  },
  /** Any other path: a page that editors wrote, or nothing. */
  other: ['page', 'Page'],
} as const;
