import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { useAsk, useSite, Widget } from '../context';
import { SearchDocument, SuggestionsDocument, type SearchFilter, type SearchQuery } from '../generated/graphql';
import { Loading } from '../parts/Loading';
import { Kind } from '../parts/Teaser';
import { usePhrases } from '../context';
import { go, useHere } from '../router';
import { fill } from '../words';
import { spanOf } from '../zone';

type Edge = NonNullable<SearchQuery['search']>['edges'][number];

/** The filter that the address says. */
function filterOf(query: URLSearchParams, timeZone: string): SearchFilter | null {
  const filter: SearchFilter = {};
  const section = query.get('section');
  const of = query.get('in');
  const year = /^\d{4}$/.exec(query.get('year') ?? '')?.[0];
  if (section) filter.categories = [section];
  if (of) filter.languages = [of];
  if (year) Object.assign(filter, spanOf(year, timeZone));
  return Object.keys(filter).length > 0 ? filter : null;
}

export default function Search() {
  const { words, language, href, timeZone } = useSite();
  const { query } = useHere();
  const text = query.get('q') ?? '';
  const filter = filterOf(query, timeZone);
  const [cursors, setCursors] = useState<readonly string[]>([]);
  useEffect(() => setCursors([]), [query]);
  const [{ data, fetching, error }, again] = useAsk(SearchDocument, { query: text, language, filter, after: null }, { pause: text === '' });
  const found = data?.search;
  const count = found && fill(found.totalCount.precision === 'EXACT' ? words.results : words.resultsMore, { n: found.totalCount.value });
  return (
    <div className="search-page">
      <title>{text ? `${text} – ${words.search}` : words.search}</title>
      <h1>{words.search}</h1>
      <Box text={text} />
      {text !== '' && error && !found && !fetching && <Widget error={error} again={again} />}
      {text !== '' && fetching && !found && <Loading />}
      {found && (
        <div className="search-grid">
          <div>
            <p className="meta" role="status">{found.edges.length === 0 ? words.noResults : count}</p>
            {found.correctedQuery && <p>{words.showingFor} <a href={href(`/search?q=${encodeURIComponent(found.correctedQuery)}`)} dir="auto">{found.correctedQuery}</a></p>}
            {found.edges.map((e) => <Result key={e.node.id} edge={e} />)}
            {cursors.length === 0 && <Next info={found.pageInfo} go={setCursors} before={[]} />}
            {cursors.map((after, i) => <More key={after} {...{ after, text, filter }} foot={(info) => i === cursors.length - 1 && <Next info={info} go={setCursors} before={cursors} />} />)}
          </div>
          <Facets facets={found.facets} base={href(`/search?q=${encodeURIComponent(text)}`)} filtered={filter !== null} />
        </div>
      )}
    </div>
  );
}

interface Info { readonly hasNextPage: boolean; readonly endCursor?: string | null }

/** Shows one more page below those that are shown. */
function Next({ info, before, go }: { info: Info; before: readonly string[]; go: (cursors: readonly string[]) => void }) {
  const { words } = useSite();
  if (!info.hasNextPage || !info.endCursor) return null;
  const cursor = info.endCursor;
  return <p className="pager"><button type="button" className="button quiet" onClick={() => go([...before, cursor])}>{words.loadMore}</button></p>;
}

function More({ after, text, filter, foot }: { after: string; text: string; filter: SearchFilter | null; foot: (info: Info) => ReactNode }) {
  const { language } = useSite();
  const [{ data, error }, again] = useAsk(SearchDocument, { query: text, language, filter, after });
  if (!data?.search) return error ? <Widget error={error} again={again} /> : <Loading />;
  return <>{data.search.edges.map((e) => <Result key={e.node.id} edge={e} />)}{foot(data.search.pageInfo)}</>;
}

function Box({ text }: { text: string }) {
  const { words, language, href } = useSite();
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const [{ data }] = useAsk(SuggestionsDocument, { query: typed, language }, { pause: typed.length < 2 });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (typed.trim()) go(href(`/search?q=${encodeURIComponent(typed.trim())}`));
  };
  return (
    <form role="search" className="big-search" onSubmit={submit} aria-label={words.search}>
      <input type="search" list="suggestions" aria-label={words.search} aria-describedby="hint" value={typed} dir="auto" autoComplete="off" onChange={(e) => setTyped(e.target.value)} />
      <datalist id="suggestions">{data?.searchSuggestions?.map((s) => <option key={s.text} value={s.text} />)}</datalist>
      <button type="submit" className="button">{words.search}</button>
      <small id="hint">{words.searchHint}</small>
    </form>
  );
}

function Result({ edge }: { edge: Edge }) {
  const { href } = useSite();
  const { day } = usePhrases();
  const { node } = edge;
  return (
    <article className="teaser result" lang={node.language} dir={node.direction.toLowerCase()}>
      <p className="kicker">{node.primaryCategory && <a href={href(node.primaryCategory.path)}>{node.primaryCategory.label}</a>} <Kind kind={node.kind} section={node.primaryCategory} /></p>
      <h2><a href={node.path}>{node.title}</a></h2>
      <p className="excerpt" dangerouslySetInnerHTML={{ __html: edge.highlight }} />
      <p className="meta"><time dateTime={node.publishedAt ?? undefined}>{day(node.publishedAt)}</time></p>
    </article>
  );
}

const languages: Record<string, string> = { en: 'English', ar: 'العربية' };

function Facets({ facets, base, filtered }: { facets: NonNullable<SearchQuery['search']>['facets']; base: string; filtered: boolean }) {
  const { words } = useSite();
  if (!facets) return null;
  const to = (name: string, value: string) => `${base}&${name}=${encodeURIComponent(value)}`;
  return (
    <aside className="facets" aria-label={words.filters}>
      <h2 className="rule-title">{words.filters}</h2>
      {filtered && <p><a href={base}>{words.clear}</a></p>}
      <h3>{words.section}</h3>
      <ul>{facets.categories.map((f) => <li key={f.category.id}><a href={to('section', f.category.id)}>{f.category.label}</a> {f.count}</li>)}</ul>
      <h3>{words.language}</h3>
      <ul>{facets.languages.map((f) => <li key={f.language}><a href={to('in', f.language)}>{languages[f.language] ?? f.language}</a> {f.count}</li>)}</ul>
      <h3>{words.year}</h3>
      <ul>{facets.years.map((f) => <li key={f.year}><a href={to('year', String(f.year))}>{f.year}</a> {f.count}</li>)}</ul>
    </aside>
  );
}
