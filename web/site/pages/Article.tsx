import { useEffect, useState } from 'react';
import { useAsk, useChange, usePhrases, useSite, Widget, keep, stored } from '../context';
import {
  ArticleBodyDocument, ArticlePageDocument, LiveBlogDocument, LiveEntriesDocument, MarkReadDocument, RailDocument, RecordViewDocument, type ArticlePageQuery, type TeaserFragment,
} from '../generated/graphql';
import { Body } from '../parts/Body';
import { BookmarkButton } from '../parts/Bookmark';
import { Later } from '../parts/Later';
import { Loading } from '../parts/Loading';
import { Missing } from '../parts/Missing';
import { NewsletterForm } from '../parts/Newsletter';
import { Kind, Picture, Teaser } from '../parts/Teaser';
import { useLive } from '../live';
import { fill } from '../words';

const nothing = () => undefined;

export type Story = NonNullable<ArticlePageQuery['article']>;

export default function Article({ slug }: { slug: string }) {
  const { language, speak } = useSite();
  const [{ data, fetching, error }, again] = useAsk(ArticlePageDocument, { path: `/articles/${slug}`, language });
  const story = data?.article;
  useEffect(() => {
    if (story && story.language !== language) speak(story.language);
  }, [story, language, speak]);
  if (!story && error && !fetching) return <Widget error={error} again={again} />;
  if (!data) return <Loading />;
  return story ? <Whole story={story} error={error} again={again} /> : <Missing />;
}

function Whole({ story, error, again }: { story: Story; error: unknown; again: () => void }) {
  const { viewer, words } = useSite();
  const record = useChange(RecordViewDocument, true);
  const read = useChange(MarkReadDocument, true);
  const published = story.status === 'PUBLISHED';
  useEffect(() => {
    if (published) void record({ id: story.id });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once for each story
  }, [story.id, published]);
  useEffect(() => {
    if (published && viewer) void read({ id: story.id });
  }, [story.id, published, !!viewer]);
  return (
    <div className="story-page">
      <title>{story.seo.title || story.title}</title>
      <article className="story" lang={story.language} dir={story.direction.toLowerCase()}>
        <Head story={story} />
        <div className="prose">
          <Text path={story.path} />
          {(story.kind === 'LIVE_BLOG' || story.liveEntries.length > 0) && <Live story={story} />}
        </div>
        <Tail story={story} />
      </article>
      <aside className="rail"><Rail story={story} /></aside>
      {!story.relatedArticles && error ? <Widget className="related" title={words.related} error={error} again={again} /> : <Related story={story} />}
      <div className="below">
        <Later title={words.comments} load={() => import('../parts/Comments')}>{({ Comments }) => <Comments articleId={story.id} />}</Later>
        <NewsletterForm place="article" />
      </div>
    </div>
  );
}

function Text({ path }: { path: string }) {
  const [{ data, fetching, error }, again] = useAsk(ArticleBodyDocument, { path });
  const blocks = data?.article?.body;
  if (!blocks) return error && !fetching ? <Widget error={error} again={again} /> : <Loading />;
  return <Body blocks={blocks} path={path} />;
}

function Head({ story }: { story: Story }) {
  const { words, href } = useSite();
  const { moment } = usePhrases();
  const section = story.primaryCategory;
  return (
    <header className="story-head">
      {story.status !== 'PUBLISHED' && <p className="note draft">{words.draft}</p>}
      <nav className="crumbs" aria-label={words.section}>
        <ol>{story.breadcrumbs.map((c, i) => i < story.breadcrumbs.length - 1 && <li key={c.url}><a href={href(pathOf(c.url))}>{c.label}</a></li>)}</ol>
      </nav>
      <p className="kicker">{section && <a href={href(section.path)}>{section.label}</a>} <Kind kind={story.kind} section={section} /></p>
      <h1>{story.title}</h1>
      {(story.subtitle || story.excerpt) && <p className="standfirst">{story.subtitle || story.excerpt}</p>}
      <div className="byline">
        {story.authors.filter((a) => a.avatar).slice(0, 2).map((a) => a.avatar && <img key={a.id} className="avatar" src={a.avatar.square} alt="" width="44" height="44" />)}
        <div>
          <p>{words.by} {story.authors.length > 0 ? story.authors.map((a, i) => <span key={a.id}>{i > 0 && ', '}<a href={href(a.path)} rel="author">{a.label}</a></span>) : story.byline}</p>
          <p className="meta">
            <span>{words.published} <time dateTime={story.publishedAt ?? undefined}>{moment(story.publishedAt)}</time></span>
            {story.updatedAt !== story.publishedAt && <span>{words.updated} <time dateTime={story.updatedAt}>{moment(story.updatedAt)}</time></span>}
            <span>{fill(words.minutes, { n: story.readingTimeMinutes })}</span>
          </p>
        </div>
      </div>
      <Tools story={story} />
      {story.featuredImage && (
        <figure className="lead-picture">
          <Picture picture={story.featuredImage} sizes="(max-width: 900px) 100vw, 760px" eager />
          {(story.featuredImage.caption || story.featuredImage.credit) && (
            <figcaption>{story.featuredImage.caption} {story.featuredImage.credit && <small className="credit">{story.featuredImage.credit}</small>}</figcaption>
          )}
        </figure>
      )}
    </header>
  );
}

/** The path of an address of this site. */
export function pathOf(url: string): string {
  return url.replace(/^https?:\/\/[^/]+/, '') || '/';
}

const SIZE = 'broadsheet:text-size';

function Tools({ story }: { story: Story }) {
  const { words, toast } = useSite();
  const [size, setSize] = useState(() => Number(stored(SIZE) ?? 0));
  useEffect(() => {
    document.documentElement.dataset['size'] = String(size);
    keep(SIZE, size === 0 ? null : String(size));
  }, [size]);
  const address = () => new URL(story.path, window.location.origin).href;
  const copy = () => navigator.clipboard.writeText(address()).then(() => toast(words.copied), () => toast(address()));
  const share = () => (typeof navigator.share === 'function' ? navigator.share({ title: story.title, url: address() }).catch(() => undefined) : copy());
  return (
    <p className="tools-row" role="group" aria-label={words.share}>
      <BookmarkButton id={story.id} />
      <button type="button" className="tool" onClick={() => void share()}>{words.share}</button>
      <button type="button" className="tool" onClick={() => void copy()}>{words.copyLink}</button>
      <button type="button" className="tool" onClick={() => window.print()}>{words.print}</button>
      <button type="button" className="tool" aria-label={words.textSize} onClick={() => setSize((size + 1) % 3)}>A<small>a</small></button>
    </p>
  );
}

/** The entries of a live blog. New ones come by subscription; while it is cut off they are asked for. */
function Live({ story }: { story: Story }) {
  const { words } = useSite();
  const { moment } = usePhrases();
  const [, again] = useAsk(LiveEntriesDocument, { id: story.id }, { pause: true });
  const alone = useLive(LiveBlogDocument, { id: story.id }, nothing); // the store of answers takes it
  useEffect(() => {
    if (!alone) return;
    const timer = window.setInterval(() => document.visibilityState === 'visible' && again(), 30_000);
    return () => window.clearInterval(timer);
    // eslint-disable-next-line react-hooks/exhaustive-deps -- one timer for each story
  }, [story.id, alone]);
  const entries = [...story.liveEntries].sort((a, b) => Number(b.isPinned) - Number(a.isPinned) || b.publishedAt.localeCompare(a.publishedAt));
  return (
    <section className="live-entries" aria-label={words.live}>
      <p className="note"><span className="kind live">{words.live}</span> {words.refreshed}</p>
      <ol>
        {entries.map((e) => (
          <li key={e.id} id={e.id} className={e.isKeyEvent ? 'key' : undefined}>
            <p className="meta"><time dateTime={e.publishedAt}>{moment(e.publishedAt)}</time> {e.isPinned && <span>{words.pinned}</span>} {e.isKeyEvent && <span>{words.keyEvent}</span>}</p>
            {e.title && <h2>{e.title}</h2>}
            <div dangerouslySetInnerHTML={{ __html: e.bodyHtml }} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Tail({ story }: { story: Story }) {
  const { words, href } = useSite();
  const { moment } = usePhrases();
  const topics = [...story.tags, ...story.places, ...(story.series ? [story.series] : [])];
  return (
    <footer className="story-tail">
      {story.corrections.map((c) => (
        <section key={c.id} className="note correction">
          <h2>{words.correction}, {moment(c.issuedAt)}</h2>
          <p>{c.note}</p>
        </section>
      ))}
      {topics.length > 0 && <ul className="topics" aria-label={words.topics}>{topics.map((t) => <li key={t.id}><a href={href(t.path)}>{t.label}</a></li>)}</ul>}
      {story.translations.filter((t) => t.id !== story.id).map((t) => <p key={t.id} lang={t.language} dir="auto"><a href={t.path} hrefLang={t.language}>{t.title}</a></p>)}
      <nav className="neighbours" aria-label={words.stories}>
        {story.previous && <a href={story.previous.path} rel="prev"><small>{words.previous}</small>{story.previous.title}</a>}
        {story.next && <a href={story.next.path} rel="next"><small>{words.next}</small>{story.next.title}</a>}
      </nav>
    </footer>
  );
}

function Related({ story }: { story: Story }) {
  const { words } = useSite();
  const edges = story.relatedArticles?.edges ?? [];
  if (edges.length === 0) return null;
  return (
    <section className="related" aria-labelledby="related">
      <h2 id="related" className="rule-title">{words.related}</h2>
      <div className="grid">
        {edges.map(({ node, reasons }) => {
          const [why] = reasons;
          const text = why && fill(words[why.kind], { labels: why.labels.slice(0, 2).join(', ') });
          return <Teaser key={node.id} story={node} {...(text ? { reason: text } : {})} />;
        })}
      </div>
    </section>
  );
}

function Rail({ story }: { story: Story }) {
  const { language, words } = useSite();
  const [{ data, fetching, error }, again] = useAsk(RailDocument, { language });
  const others = (stories: readonly TeaserFragment[]) => stories.filter((s) => s.id !== story.id && s.language === language).slice(0, 5);
  const latest = others(data?.latestNews?.nodes ?? []);
  const read = others(data?.mostRead ?? []);
  if (!data?.latestNews && error && !fetching) return <Widget title={words.latest} error={error} again={again} />;
  if (!data) return null;
  return (
    <>
      {latest.length > 0 && <section className="latest-links"><h2 className="rule-title">{words.latest}</h2><ul>{latest.map((s) => <li key={s.id}><Teaser story={s} look="line" /></li>)}</ul></section>}
      {read.length > 0 && <section className="most-read"><h2 className="rule-title">{words.mostRead}</h2><ol>{read.map((s) => <li key={s.id}><Teaser story={s} look="line" /></li>)}</ol></section>}
    </>
  );
}
