import { useState, type FormEvent } from 'react';
import { useAsk, useSite, Widget } from '../context';
import { SearchDocument } from '../generated/graphql';
import { Loading } from '../parts/Loading';
import { Teaser } from '../parts/Teaser';
import { go, useHere } from '../router';

/** Finds stories of a month by their words. */
export default function Archive() {
  const { words, language, href } = useSite();
  const { query } = useHere();
  const [month, setMonth] = useState(query.get('month') ?? new Date().toISOString().slice(0, 7));
  const [text, setText] = useState(query.get('q') ?? '');
  const asked = query.get('q') ?? '';
  const from = /^\d{4}-\d{2}$/.test(query.get('month') ?? '') ? `${query.get('month')}-01T00:00:00Z` : undefined;
  const to = from && new Date(Date.UTC(Number(from.slice(0, 4)), Number(from.slice(5, 7)), 1)).toISOString();
  const [{ data, error, fetching }, again] = useAsk(SearchDocument, {
    query: asked, language, after: null, filter: from && to ? { publishedSince: from, publishedBefore: to } : null,
  }, { pause: asked === '' });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go(href(`/archive?month=${month}&q=${encodeURIComponent(text)}`));
  };
  const stories = data?.search?.edges ?? [];
  return (
    <div className="list-page">
      <title>{words.archive}</title>
      <header className="list-head"><h1>{words.archive}</h1></header>
      <form className="panel" onSubmit={submit}>
        <label>{words.published}<input type="month" required value={month} onChange={(e) => setMonth(e.target.value)} /></label>
        <label>{words.search}<input type="search" required dir="auto" value={text} onChange={(e) => setText(e.target.value)} /></label>
        <button type="submit" className="button">{words.search}</button>
      </form>
      {asked !== '' && !data && (error && !fetching ? <Widget error={error} again={again} /> : <Loading />)}
      {data && stories.length === 0 && <p className="note">{words.noResults}</p>}
      <div className="grid">{stories.map((e) => <Teaser key={e.node.id} story={e.node} level={2} />)}</div>
    </div>
  );
}
