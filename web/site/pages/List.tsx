import { useState, type ReactNode } from 'react';
import { useAsk, useSite, Widget } from '../context';
import {
  AuthorPageDocument, LatestPageDocument, PlacePageDocument, SectionPageDocument, SeriesPageDocument, TagPageDocument,
  type PortraitFragment, type TeaserFragment, type TypedDocumentString,
} from '../generated/graphql';
import { Loading } from '../parts/Loading';
import { Missing } from '../parts/Missing';
import { Teaser } from '../parts/Teaser';
import type { PageProps } from '../routes';
import { pathOf } from './Article';

interface Listed {
  readonly id: string; readonly path: string; readonly label: string; readonly description?: string; readonly avatar?: PortraitFragment | null;
  readonly breadcrumbs?: readonly { label: string; url: string }[]; readonly children?: readonly { id: string; path: string; label: string }[]; readonly picks?: readonly TeaserFragment[];
  readonly latestNews?: { readonly nodes: readonly TeaserFragment[]; readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor?: string | null } } | null;
}

interface Variables { slug: string; language: string; of: string; after: string | null }
type Text = TypedDocumentString<Record<string, unknown>, Variables>;

const kinds: Record<string, { text: Text; field: string; word: 'section' | 'tag' | 'place' | 'series' | 'author' }> = {
  sections: { text: SectionPageDocument as unknown as Text, field: 'category', word: 'section' },
  tags: { text: TagPageDocument as unknown as Text, field: 'tag', word: 'tag' },
  places: { text: PlacePageDocument as unknown as Text, field: 'place', word: 'place' },
  series: { text: SeriesPageDocument as unknown as Text, field: 'series', word: 'series' },
  authors: { text: AuthorPageDocument as unknown as Text, field: 'author', word: 'author' },
};

/** A list of stories: of a section, tag, place, series or author, or of the whole site. */
export default function List({ slug, kind }: PageProps) {
  return kind === 'latest' ? <Latest /> : <Of slug={slug} kind={kind} />;
}

function Latest() {
  const { language, words } = useSite();
  const [{ data, error }, again] = useAsk(LatestPageDocument, { language, after: null });
  if (!data) return error ? <Widget error={error} again={again} /> : <Loading />;
  return (
    <div className="list-page">
      <title>{words.latest}</title>
      <header className="list-head"><h1>{words.latest}</h1></header>
      <Stories first={data.latestNews} error={error} again={again} more={(after, foot) => <MoreLatest key={after} after={after} foot={foot} />} />
    </div>
  );
}

function MoreLatest({ after, foot }: { after: string; foot: Foot }) {
  const { language } = useSite();
  const [{ data, error }, again] = useAsk(LatestPageDocument, { language, after });
  return <Chunk page={data?.latestNews} error={error} again={again} foot={foot} />;
}

function Of({ slug, kind }: PageProps) {
  const { language, words, href } = useSite();
  const known = kinds[kind];
  if (!known) throw new Error(`no list of ${kind}`);
  const [{ data, error, fetching }, again] = useAsk(known.text, { slug, language, of: language, after: null });
  const thing = data?.[known.field] as Listed | null | undefined;
  if (!thing && error && !fetching) return <Widget error={error} again={again} />;
  if (!data) return <Loading />;
  if (!thing) return <Missing />;
  return (
    <div className="list-page">
      <title>{thing.label}</title>
      <header className="list-head">
        {thing.breadcrumbs && thing.breadcrumbs.length > 2 && (
          <nav className="crumbs" aria-label={words.section}><ol>{thing.breadcrumbs.slice(0, -1).map((c) => <li key={c.url}><a href={href(pathOf(c.url))}>{c.label}</a></li>)}</ol></nav>
        )}
        {kind !== 'sections' && <p className="kicker">{words[known.word]}</p>}
        {thing.avatar && <img className="portrait" src={thing.avatar.square} alt="" width="96" height="96" />}
        <h1>{thing.label}</h1>
        {thing.description && <p className="standfirst" dir="auto">{thing.description}</p>}
        {thing.children && thing.children.length > 0 && <ul className="topics">{thing.children.map((c) => <li key={c.id}><a href={href(c.path)}>{c.label}</a></li>)}</ul>}
      </header>
      <Stories first={thing.latestNews} error={error} again={again} more={(after, foot) => <MoreOf key={after} slug={slug} kind={kind} after={after} foot={foot} />} />
    </div>
  );
}

function MoreOf({ slug, kind, after, foot }: PageProps & { after: string; foot: Foot }) {
  const { language } = useSite();
  const known = kinds[kind];
  if (!known) throw new Error(`no list of ${kind}`);
  const [{ data, error }, again] = useAsk(known.text, { slug, language, of: language, after });
  return <Chunk page={(data?.[known.field] as Listed | null | undefined)?.latestNews} error={error} again={again} foot={foot} />;
}

type Foot = (info: { hasNextPage: boolean; endCursor?: string | null }) => ReactNode;

function Stories({ first, error, again, more }: { first: Listed['latestNews']; error: unknown; again: () => void; more: (after: string, foot: Foot) => ReactNode }) {
  const { words } = useSite();
  const [cursors, setCursors] = useState<readonly string[]>([]);
  if (!first) return error ? <Widget error={error} again={again} /> : null;
  const foot = (at: number): Foot => (info) =>
    at === cursors.length && info.hasNextPage && info.endCursor ? <p className="pager"><button type="button" className="button quiet" onClick={() => setCursors([...cursors, info.endCursor ?? ''])}>{words.older}</button></p> : null;
  const [lead, ...rest] = first.nodes;
  if (!lead) return <p className="note">{words.noResults}</p>;
  return (
    <>
      <Teaser story={lead} level={2} look="lead" eager sizes="(max-width: 900px) 100vw, 760px" />
      <div className="grid">{rest.map((story) => <Teaser key={story.id} story={story} level={2} />)}</div>
      {foot(0)(first.pageInfo)}
      {cursors.map((after, i) => more(after, foot(i + 1)))}
    </>
  );
}

function Chunk({ page, error, again, foot }: { page: Listed['latestNews']; error: unknown; again: () => void; foot: Foot }) {
  if (!page) return error ? <Widget error={error} again={again} /> : <Loading />;
  return <><div className="grid">{page.nodes.map((story) => <Teaser key={story.id} story={story} level={2} />)}</div>{foot(page.pageInfo)}</>;
}
