import { useEffect } from 'react';
import { useAsk, useSite, Widget } from '../context';
import { RouteDocument } from '../generated/graphql';
import { go, useHere } from '../router';

/** What stands at an address without a page: where it has moved to, that it is gone, or that there is nothing. */
export function Missing({ status }: { status?: number }) {
  const { words, href } = useSite();
  const { path } = useHere();
  const [{ data, fetching, error }, again] = useAsk(RouteDocument, { path });
  const route = data?.route;
  const to = route?.redirectTo ?? (route?.target && 'path' in route.target && route.target.path !== path ? route.target.path : undefined);
  useEffect(() => {
    if (to) go(to, true);
  }, [to]);
  if ((fetching && !status) || to) return <p className="loading">{words.working}</p>;
  if (error && !route && !status) return <Widget error={error} again={again} />;
  const notice = route?.target?.__typename === 'WithdrawnNotice' ? route.target.text : '';
  const gone = status === 410 || route?.statusCode === 410;
  return (
    <div className="page-message">
      <title>{gone ? words.gone : words.notFound}</title>
      <p className="big-number" aria-hidden="true">{gone ? 410 : 404}</p>
      <h1>{notice ? words.withdrawn : gone ? words.gone : words.notFound}</h1>
      <p>{notice || (gone ? words.goneLead : words.notFoundLead)}</p>
      <p><a className="button" href={href('/')}>{words.home}</a></p>
    </div>
  );
}
