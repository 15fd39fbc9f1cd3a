import type { ComponentType } from 'react';
import { paths } from './paths';

/** What a page is given: the part of its path that names the thing. */
export interface PageProps { readonly slug: string; readonly kind: string }

interface Route { readonly kind: string; readonly slug: string; readonly load: () => Promise<{ default: ComponentType<PageProps> }> }

type File = (typeof paths.fixed)[keyof typeof paths.fixed][1] | (typeof paths.below)[keyof typeof paths.below][1] | typeof paths.other[1];

const files: Record<File, Route['load']> = {
  Front: () => import('./pages/Front'), Article: () => import('./pages/Article'), List: () => import('./pages/List'), Archive: () => import('./pages/Archive'),
  Search: () => import('./pages/Search'), Forms: () => import('./pages/Forms'), Reader: () => import('./pages/Reader'), Page: () => import('./pages/Page'),
};

type Entry = readonly [kind: string, file: File];

/** Finds the page of a path. */
export function routeOf(path: string): Route {
  const clean = path.replace(/\/+$/, '') || '/';
  const [, first = '', slug = '', rest] = clean.split('/');
  const route = ([kind, file]: Entry, slug: string): Route => ({ kind, slug, load: files[file] });
  const fixed = own(paths.fixed, clean);
  if (fixed) return route(fixed, '');
  const below = slug && rest === undefined ? own(paths.below, first) : undefined;
  return below ? route(below, slug) : route(paths.other, clean);
}

function own(of: Readonly<Record<string, Entry>>, name: string): Entry | undefined {
  return Object.hasOwn(of, name) ? of[name] : undefined;
}
