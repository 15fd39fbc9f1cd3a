import { useEffect, useState, type ReactNode } from 'react';
import { DEVICE, stored, useAsk, useChange, usePhrases, useSite, Widget } from '../context';
import {
  AccountBookmarksDocument, ChangeEmailDocument, DeviceBookmarksDocument, FollowDocument, InterestsDocument, MarkNotificationsReadDocument, NotificationsDocument, SettingsDocument, UnfollowDocument,
  UpdateSettingsDocument, type DigestFrequency, type InterestsQuery, type TeaserFragment,
} from '../generated/graphql';
import { useRemove } from '../parts/Bookmark';
import { Loading } from '../parts/Loading';
import { done, Field, Panel, wrong } from '../parts/Panel';
import { Teaser } from '../parts/Teaser';
import { useHere } from '../router';
import type { PageProps } from '../routes';

export default function Reader({ kind }: PageProps) {
  if (kind === 'reading-list') return <ReadingList />;
  return <Members>{kind === 'interests' ? <Interests /> : kind === 'settings' ? <SettingsPage /> : <Notifications />}</Members>;
}

/** What is for those who are signed in. */
function Members({ children }: { children: ReactNode }) {
  const { viewer, words, href } = useSite();
  const { path } = useHere();
  if (viewer === undefined) return <Loading />;
  if (viewer === null) return <div className="page-message"><h1>{words.signIn}</h1><p>{words.needSignIn}</p><a className="button" href={href(`/account/sign-in?next=${encodeURIComponent(path)}`)}>{words.signIn}</a></div>;
  return children;
}

function ReadingList() {
  const { viewer, words, language } = useSite();
  const deviceToken = stored(DEVICE) ?? '';
  const [device, againDevice] = useAsk(DeviceBookmarksDocument, { deviceToken, language, after: null }, { pause: viewer !== null || !deviceToken, fresh: true });
  const [account, againAccount] = useAsk(AccountBookmarksDocument, { language, after: null }, { pause: !viewer, fresh: true });
  const [gone, setGone] = useState<ReadonlySet<string>>(new Set());
  const remove = useRemove();
  const { error, fetching } = viewer ? account : device;
  const list = viewer ? account.data?.viewer?.bookmarks : device.data?.deviceBookmarks;
  const nodes = (list?.nodes ?? []).filter((b) => !b.article || !gone.has(b.article.id));
  const waiting = viewer === undefined || (fetching && !list);
  const again = () => (viewer ? againAccount : againDevice)();
  const drop = (story: TeaserFragment) => remove(story.id, (saved) => setGone((g) => {
    const next = new Set(g);
    if (saved) next.delete(story.id);
    else next.add(story.id);
    return next;
  }));
  return (
    <div className="list-page">
      <title>{words.readingList}</title>
      <header className="list-head"><h1>{words.readingList}</h1></header>
      {waiting && <Loading />}
      {error && !list && <Widget error={error} again={again} />}
      {!waiting && !error && nodes.length === 0 && <p className="note">{words.emptyList}</p>}
      <ul className="saved">
        {nodes.map(({ id, article }) => (
          <li key={id}>
            {article ? <Teaser story={article} level={2} look="row" /> : <p>{words.unavailable}</p>}
            {article && <button type="button" className="button quiet" onClick={() => void drop(article)}>{words.remove}</button>}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Interests() {
  const { words, language, toast } = useSite();
  const [{ data, error }, again] = useAsk(InterestsDocument, { language }, { fresh: true });
  const follow = useChange(FollowDocument);
  const unfollow = useChange(UnfollowDocument);
  if (!data?.viewer) return error ? <Widget error={error} again={again} /> : <Loading />;
  const { followedTopics, feed, settings } = data.viewer;
  const followed = (followedTopics?.nodes ?? []).flatMap((f) => (f.topic ? [f.topic] : []));
  const known = new Set(followed.map((t) => t.id));
  const turn = async (id: string) => {
    const out = await (known.has(id) ? unfollow : follow)({ id });
    if (out.error !== undefined) toast(out.error);
    again();
  };
  const topics = [...followed, ...data.categories.filter((c) => !known.has(c.id))];
  return (
    <div className="list-page">
      <title>{words.interests}</title>
      <header className="list-head"><h1>{words.interests}</h1></header>
      <ul className="topics choose">
        {topics.map((t) => <li key={t.id}><button type="button" aria-pressed={known.has(t.id)} onClick={() => void turn(t.id)}>{t.label}</button></li>)}
      </ul>
      <h2 className="rule-title">{words.feed}</h2>
      {feed?.nodes.length === 0 && <p className="note">{words.emptyFeed}</p>}
      <div className="grid">{feed?.nodes.map((story) => <Teaser key={story.id} story={story} />)}</div>
      <Settings settings={settings} again={again} />
    </div>
  );
}

/** What an account can choose, on the page that mails lead to. */
function SettingsPage() {
  const { words, href } = useSite();
  const [{ data, error }, again] = useAsk(SettingsDocument, {}, { fresh: true });
  if (!data?.viewer) return error ? <Widget error={error} again={again} /> : <Loading />;
  return (
    <div className="list-page">
      <title>{words.settings}</title>
      <header className="list-head"><h1>{words.settings}</h1></header>
      <Settings settings={data.viewer.settings} again={again} titled={false} />
      <ChangeEmail />
      <p><a href={href('/interests')}>{words.interests}</a></p>
    </div>
  );
}

/** Asks for another address, which a mail to it confirms. */
function ChangeEmail() {
  const { words, viewer } = useSite();
  const change = useChange(ChangeEmailDocument);
  return (
    <Panel title={words.changeEmail} part lead={viewer?.email} label={words.changeEmail} send={async (value) => {
      const out = await change({ input: { newEmail: value('email'), password: value('password') || null } });
      return out.error !== undefined ? wrong(out.error) : done(words.checkMail);
    }}>
      <Field name="email" type="email" auto="email" label={words.newEmail} />
      <Field name="password" type="password" auto="current-password" label={words.password} />
    </Panel>
  );
}

type All = NonNullable<InterestsQuery['viewer']>['settings'];
const switches = { historyEnabled: 'keepHistory', notifyReplies: 'notifyReplies', notifyFollowed: 'notifyFollowed', notifyBreaking: 'notifyBreaking' } as const;

function Settings({ settings, again, titled = true }: { settings: All; again: () => void; titled?: boolean }) {
  const { words, toast } = useSite();
  const [chosen, setChosen] = useState<Partial<All>>({}); // on its way to the server
  const now = { ...settings, ...chosen };
  useEffect(() => setChosen({}), [settings]);
  const update = useChange(UpdateSettingsDocument);
  const save = async (change: Partial<All>) => {
    setChosen({ ...chosen, ...change });
    const out = await update({ input: change });
    if (out.error !== undefined) setChosen({});
    else again();
    toast(out.error ?? words.changesSaved);
  };
  return (
    <section className="panel" aria-label={words.settings}>
      {titled && <h2>{words.settings}</h2>}
      {Object.entries(switches).map(([name, word]) => (
        <label key={name} className="check"><input type="checkbox" checked={now[name as keyof typeof switches]} onChange={(e) => void save({ [name]: e.target.checked })} /> <span>{words[word]}</span></label>
      ))}
      <label>{words.digest}
        <select value={now.digest} onChange={(e) => void save({ digest: e.target.value as DigestFrequency })}>
          {(['NEVER', 'DAILY', 'WEEKLY'] as const).map((d) => <option key={d} value={d}>{words[d]}</option>)}
        </select>
      </label>
    </section>
  );
}

function Notifications() {
  const { words, reload } = useSite();
  const { moment } = usePhrases();
  const [{ data, error }, again] = useAsk(NotificationsDocument, { after: null }, { fresh: true });
  const mark = useChange(MarkNotificationsReadDocument);
  if (!data?.viewer) return error ? <Widget error={error} again={again} /> : <Loading />;
  const nodes = data.viewer.notifications?.nodes ?? [];
  const all = () => void mark({}).then(() => { reload(); again(); });
  return (
    <div className="list-page">
      <title>{words.notifications}</title>
      <header className="list-head"><h1>{words.notifications}</h1></header>
      {nodes.length === 0 ? <p className="note">{words.noNotifications}</p> : <button type="button" className="button quiet" onClick={all}>{words.markRead}</button>}
      <ul className="notices">
        {nodes.map((n) => (
          <li key={n.id} className={n.readAt ? undefined : 'unread'}>
            {n.article ? <a href={n.article.path}>{n.text || n.article.title}</a> : n.text} <time className="meta" dateTime={n.createdAt}>{moment(n.createdAt)}</time>
          </li>
        ))}
      </ul>
    </div>
  );
}
