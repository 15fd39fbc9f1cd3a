import { useAsk, useSite, Widget } from '../context';
import { StaticPageDocument } from '../generated/graphql';
import { Later } from '../parts/Later';
import { Loading } from '../parts/Loading';
import { Missing } from '../parts/Missing';

/** A page that editors wrote. Below the page at /contact stands the form. */
export default function Page({ slug }: { slug: string }) {
  const { chrome } = useSite();
  const [{ data, error, fetching }, again] = useAsk(StaticPageDocument, { path: slug });
  if (!data?.page && error && !fetching) return <Widget error={error} again={again} />;
  if (!data) return <Loading />;
  const page = data.page;
  if (!page) return <Missing />;
  return (
    <article className="static-page" lang={page.language} dir={page.direction.toLowerCase()}>
      <title>{`${page.seo.title || page.title} – ${chrome?.site.name ?? ''}`}</title>
      <h1>{page.title}</h1>
      <div className="prose" dangerouslySetInnerHTML={{ __html: page.bodyHtml }} />
      {slug === '/contact' && <Later load={() => import('./Forms')}>{({ default: Forms }) => <Forms kind="contact" slug="" />}</Later>}
    </article>
  );
}
