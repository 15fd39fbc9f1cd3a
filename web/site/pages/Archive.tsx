import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { useAsk, useSite, Widget } from '../context';
import { ArchiveDocument, type SearchFilter } from '../generated/graphql';
import { Loading } from '../parts/Loading';
import { Teaser } from '../parts/Teaser';
import { go, useHere } from '../router';
import { fill } from '../words';
import { spanOf, thisMonth } from '../zone';

/** Moves a month by some months. */
function shift(month: string, by: number): string {
  return new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)) - 1 + by, 1)).toISOString().slice(0, 7);
}

/** Stories by the date of their publication, with or without words. */
export default function Archive() {
  const { words, language, href, timeZone } = useSite();
  const { query } = useHere();
  const now = thisMonth(timeZone);
  const asked = query.get('date') ?? query.get('month') ?? '';
  const span = asked.length > 4 ? spanOf(asked, timeZone) : undefined;
  const date = span ? asked : now;
  const text = query.get('q') ?? '';
  const [month, setMonth] = useState(date.slice(0, 7));
  const [typed, setTyped] = useState(text);
  useEffect(() => {
    setMonth(date.slice(0, 7));
    setTyped(text);
  }, [date, text]);
  const to = (month: string) => href(`/archive?date=${month}${text ? `&q=${encodeURIComponent(text)}` : ''}`);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    go(href(`/archive?date=${month}${typed.trim() ? `&q=${encodeURIComponent(typed.trim())}` : ''}`));
  };
  const [year = '', number = '', day] = date.split('-');
  const title = asked && !span ? words.archive : `${day ? `${Number(day)} ` : ''}${words.months[Number(number) - 1]} ${year}`;
  return (
    <div className="list-page">
      <title>{title === words.archive ? title : `${words.archive} – ${title}`}</title>
      <header className="list-head"><p className="kicker">{words.archive}</p><h1>{title}</h1></header>
      <form className="archive-form" onSubmit={submit} aria-label={words.archive}>
        <label>{words.published}<input type="month" required value={month} max={now} onChange={(e) => setMonth(e.target.value)} /></label>
        <label>{words.search}<input type="search" dir="auto" value={typed} onChange={(e) => setTyped(e.target.value)} /></label>
        <button type="submit" className="button">{words.show}</button>
      </form>
      {asked && !span
        ? <p className="failed" role="alert">{fill(words.noSuchDate, { date: asked })}</p>
        : <Found key={`${date} ${text} ${language}`} text={text} filter={{ ...(span ?? spanOf(now, timeZone)), languages: [language] }} />}
      <nav className="neighbours" aria-label={words.archive}>
        <a href={to(shift(date, -1))} rel="prev">{words.monthBefore}</a>
        {date.slice(0, 7) < now && <a href={to(shift(date, 1))} rel="next">{words.monthAfter}</a>}
      </nav>
    </div>
  );
}

function Found({ text, filter }: { text: string; filter: SearchFilter }) {
  const [cursors, setCursors] = useState<readonly (string | null)[]>([null]);
  const { words } = useSite();
  return cursors.map((after, i) => (
    <Part key={after ?? ''} {...{ text, filter, after }} foot={(next) => i === cursors.length - 1 && (
      <p className="pager"><button type="button" className="button quiet" onClick={() => setCursors([...cursors, next])}>{words.loadMore}</button></p>
    )} />
  ));
}

function Part({ text, filter, after, foot }: { text: string; filter: SearchFilter; after: string | null; foot: (next: string) => ReactNode }) {
  const { words, language } = useSite();
  const [{ data, error, fetching }, again] = useAsk(ArchiveDocument, { query: text, language, filter, after });
  const found = data?.search;
  if (!found) return error && !fetching ? <Widget error={error} again={again} /> : <Loading />;
  const { hasNextPage, endCursor } = found.pageInfo;
  return (
    <>
      {found.nodes.length === 0 && <p className="note">{words.noStories}</p>}
      <div className="grid">{found.nodes.map((story) => <Teaser key={story.id} story={story} level={2} />)}</div>
      {hasNextPage && endCursor && foot(endCursor)}
    </>
  );
}
