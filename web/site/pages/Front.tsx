import { useAsk, useSite, Widget } from '../context';
import { arrange } from '../front';
import { FrontPageDocument } from '../generated/graphql';
import { Teaser } from '../parts/Teaser';
import { Loading } from '../parts/Loading';

export default function Front() {
  const { language, words, href, chrome } = useSite();
  const [{ data, fetching, error }, again] = useAsk(FrontPageDocument, { language });
  if (!data) return fetching || !error ? <Loading /> : <Widget error={error} again={again} />;
  const lacking = error && !fetching; // what could not be had leaves a gap
  const { lead, picks, latest, rows, mostRead } = arrange(data, language);
  return (
    <div className="front">
      <title>{`${chrome?.site.name ?? ''} – ${chrome?.site.tagline ?? ''}`}</title>
      <h1 className="visually-hidden">{chrome?.site.name}</h1>
      <div className="top">
        <div className="top-lead">{lead && <Teaser story={lead} level={2} look="lead" eager sizes="(max-width: 900px) 100vw, 760px" />}</div>
        <section className="top-picks" aria-labelledby="picks">
          <h2 id="picks" className="rule-title">{words.picks}</h2>
          {picks.map((story) => <Teaser key={story.id} story={story} look="text" />)}
        </section>
      </div>
      <section className="latest" aria-labelledby="latest">
        <h2 id="latest" className="rule-title"><a href={href('/latest')}>{words.latest}</a></h2>
        <div className="grid">{latest.map((story) => <Teaser key={story.id} story={story} />)}</div>
      </section>
      {rows.map((row) => (
        <section className="section-row" key={row.id} aria-labelledby={row.id}>
          <h2 id={row.id} className="rule-title"><a href={href(row.path)}>{row.label}</a></h2>
          <div className={`grid row-of-${row.stories.length}`}>
            {row.stories.map((story, i) => <Teaser key={story.id} story={story} look={i === 0 ? 'row' : 'card'} />)}
          </div>
        </section>
      ))}
      {lacking && <Widget error={error} again={again} />}
      {mostRead.length > 0 && (
        <section className="most-read" aria-labelledby="most-read">
          <h2 id="most-read" className="rule-title">{words.mostRead}</h2>
          <ol>{mostRead.map((story) => <li key={story.id}><Teaser story={story} look="line" /></li>)}</ol>
        </section>
      )}
    </div>
  );
}
