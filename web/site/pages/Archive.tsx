import { useEffect, useState, type FormEvent, type ReactNode } from 'react';
import { useAsk, useSite, Widget } from '../context';
import { ArchiveDocument, type SearchFilter } from '../generated/graphql';
import { Loading } from '../parts/Loading';
import { Teaser } from '../parts/Teaser';
import { go, useHere } from '../router';

/** The moments between which a day (2026-01-05) or month (2026-01) lies. */
function spanOf(date: string): { publishedSince: string; publishedBefore: string } | undefined {
  const [, year, month, day] = /^(\d{4})-(\d{2})(?:-(\d{2}))?$/.exec(date) ?? [];
  if (!year || !month) return undefined;
  const from = Date.UTC(Number(year), Number(month) - 1, Number(day ?? 1));
  const to = day ? from + 86_400_000 : Date.UTC(Number(year), Number(month), 1);
  return { publishedSince: new Date(from).toISOString(), publishedBefore: new Date(to).toISOString() };
}

/** Moves a month by some months. */
function shift(month: string, by: number): string {
  return new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5, 7)) - 1 + by, 1)).toISOString().slice(0, 7);
}

/** Stories by the date of their publication, with or without words. */
export default function Archive() {
  const { words, language, href } = useSite();
  const { query } = useHere();
  const thisMonth = new Date().toISOString().slice(0, 7);
  const asked = query.get('date') ?? query.get('month') ?? '';
  const date = spanOf(asked) ? asked : thisMonth;
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
  const title = `${day ? `${Number(day)} ` : ''}${words.months[Number(number) - 1]} ${year}`;
  return (
    <div className="list-page">
      <title>{`${words.archive} – ${title}`}</title>
      <header className="list-head"><p className="kicker">{words.archive}</p><h1>{title}</h1></header>
      <form className="archive-form" onSubmit={submit} aria-label={words.archive}>
        <label>{words.published}<input type="month" required value={month} max={thisMonth} onChange={(e) => setMonth(e.target.value)} /></label>
        <label>{words.search}<input type="search" dir="auto" value={typed} onChange={(e) => setTyped(e.target.value)} /></label>
        <button type="submit" className="button">{words.show}</button>
      </form>
      <Found key={`${date} ${text} ${language}`} text={text} filter={{ ...spanOf(date), languages: [language] }} />
      <nav className="neighbours" aria-label={words.archive}>
        <a href={to(shift(date, -1))} rel="prev">{words.monthBefore}</a>
        {date.slice(0, 7) < thisMonth && <a href={to(shift(date, 1))} rel="next">{words.monthAfter}</a>}
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
