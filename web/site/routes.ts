import type { ComponentType } from 'react';

/** What a page is given: the part of its path that names the thing. */
export interface PageProps { readonly slug: string; readonly kind: string }

interface Route { readonly kind: string; readonly slug: string; readonly load: () => Promise<{ default: ComponentType<PageProps> }> }

const lists = ['sections', 'tags', 'places', 'series', 'authors'];
const forms: Record<string, string> = {
  '/account/sign-in': 'sign-in', '/account/sign-up': 'sign-up', '/account/lost-password': 'lost-password', '/account/reset-password': 'reset-password',
  '/account/verify': 'verify', '/account/confirm-email': 'confirm-email', '/newsletters/confirm': 'confirm', '/newsletters/preferences': 'preferences',
  '/newsletters/unsubscribe': 'unsubscribe', '/account/stop-digest': 'stop-digest', '/contact-us': 'contact',
};
const readers: Record<string, string> = { '/reading-list': 'reading-list', '/interests': 'interests', '/notifications': 'notifications', '/account/settings': 'settings' };

/** Finds the page of a path. The scheme is that of the server (internal/permalink). */
export function routeOf(path: string): Route {
  const clean = path.replace(/\/+$/, '') || '/';
  const [, first = '', slug = '', rest] = clean.split('/');
  if (clean === '/' || (first === 'languages' && slug && rest === undefined)) return { kind: 'front', slug, load: () => import('./pages/Front') };
  if (first === 'articles' && slug && rest === undefined) return { kind: 'article', slug, load: () => import('./pages/Article') };
  if (lists.includes(first) && slug && rest === undefined) return { kind: first, slug, load: () => import('./pages/List') };
  if (clean === '/latest') return { kind: 'latest', slug: '', load: () => import('./pages/List') };
  if (clean === '/archive') return { kind: 'archive', slug: '', load: () => import('./pages/Archive') };
  if (clean === '/search') return { kind: 'search', slug: '', load: () => import('./pages/Search') };
  const form = forms[clean];
  if (form) return { kind: form, slug: '', load: () => import('./pages/Forms') };
  const reader = readers[clean];
  if (reader) return { kind: reader, slug: '', load: () => import('./pages/Reader') };
  return { kind: 'page', slug: clean, load: () => import('./pages/Page') };
}
