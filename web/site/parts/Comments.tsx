import { useRef, useState, type FormEvent } from 'react';
import { useAsk, useChange, useDraft, usePhrases, useSite, useStillHere, Widget, keep, stored } from '../context';
import { AddCommentDocument, CommentAddedDocument, CommentsDocument, ReactDocument, ReportCommentDocument, type CommentOrder, type CommentPartsFragment, type CommentsQuery } from '../generated/graphql';
import { useHere } from '../router';
import { useLive } from '../live';
import { fill } from '../words';

type Policy = NonNullable<CommentsQuery['article']>['commentPolicy'];
type Thread = CommentPartsFragment & { readonly replies?: { readonly nodes: readonly Thread[] } | null };

const orders = { NEWEST: 'newest', OLDEST: 'oldest', MOST_REACTIONS: 'best' } as const;

/** What readers say about a story. */
export function Comments({ articleId }: { articleId: string }) {
  const { words } = useSite();
  const [orderBy, setOrder] = useState<CommentOrder>('NEWEST');
  const [pages, setPages] = useState<readonly string[]>(['']);
  const [{ data, fetching, error }, again] = useAsk(CommentsDocument, { id: articleId, orderBy, after: null }, { fresh: true });
  const found = data?.article;
  const failed = !found?.comments && !fetching ? error : undefined;
  const policy = found?.commentPolicy;
  const [arrived, setArrived] = useState<readonly string[]>([]);
  useLive(CommentAddedDocument, { id: articleId }, (event) => setArrived((ids) => [...ids, event.commentAdded.id]));
  const unseen = arrived.filter((id) => !document.getElementById(id)).length;
  const refresh = () => {
    setArrived([]);
    again();
  };
  return (
    <Widget id="comments" className="comments" title={`${words.comments}${found ? ` (${found.commentCount})` : ''}`} fetching={fetching} error={failed} again={refresh}>
      {policy && <CommentForm articleId={articleId} policy={policy} sent={refresh} />}
      {found && found.commentCount > 1 && (
        <label className="order">
          <select value={orderBy} aria-label={words.comments} onChange={(e) => { setOrder(e.target.value as CommentOrder); setPages(['']); }}>
            {Object.entries(orders).map(([value, word]) => <option key={value} value={value}>{words[word]}</option>)}
          </select>
        </label>
      )}
      <p role="status">{unseen > 0 && <button type="button" className="button quiet" onClick={refresh}>{fill(words.newComments, { n: unseen })}</button>}</p>
      {found?.comments?.nodes.length === 0 && <p>{words.noComments}</p>}
      {policy && pages.map((after, i) => (
        <CommentPage key={after} {...{ articleId, orderBy, after, policy, refresh }} more={i === pages.length - 1 ? (next) => setPages([...pages, next]) : undefined} />
      ))}
    </Widget>
  );
}

function CommentPage({ articleId, orderBy, after, policy, refresh, more }: {
  articleId: string; orderBy: CommentOrder; after: string; policy: Policy; refresh: () => void; more: ((after: string) => void) | undefined;
}) {
  const { words } = useSite();
  const [{ data, error, fetching }, again] = useAsk(CommentsDocument, { id: articleId, orderBy, after: after || null });
  const page = data?.article?.comments;
  if (!page) return error && !fetching ? <Widget error={error} again={again} /> : null;
  const { hasNextPage, endCursor } = page.pageInfo;
  return (
    <>
      <ol className="thread">{(page.nodes as readonly Thread[]).map((c) => <One key={c.id} comment={c} {...{ articleId, policy, refresh }} />)}</ol>
      {more && hasNextPage && endCursor && <button type="button" className="button quiet" onClick={() => more(endCursor)}>{words.loadMore}</button>}
    </>
  );
}

function One({ comment, articleId, policy, refresh }: { comment: Thread; articleId: string; policy: Policy; refresh: () => void }) {
  const { words, viewer, toast } = useSite();
  const { moment } = usePhrases();
  const [answering, setAnswering] = useState(false);
  const react = useChange(ReactDocument);
  const report = useChange(ReportCommentDocument);
  const tell = (out: { error?: string | undefined }, done?: string) => (out.error !== undefined ? toast(out.error) : done && toast(done));
  const canReply = policy.mode !== 'CLOSED' && !comment.isThreadClosed && comment.depth < policy.maxDepth && !comment.removal;
  return (
    <li id={comment.id}>
      <article className="comment" aria-label={comment.author.name}>
        <p className="meta">
          <b dir="auto">{comment.author.name}</b> {comment.author.isGuest && <span>{words.guest}</span>} <time dateTime={comment.createdAt}>{moment(comment.createdAt)}</time>
          {comment.editedAt && <span>{words.editedAt}</span>}
        </p>
        {comment.removal ? <p className="removed">{words.removedComment} {comment.removal.reason}</p> : <div dir="auto" dangerouslySetInnerHTML={{ __html: comment.bodyHtml }} />}
        {!comment.removal && (
          <p className="actions">
            {canReply && <button type="button" className="link" aria-expanded={answering} onClick={() => setAnswering(!answering)}>{words.reply}</button>}
            {viewer && <button type="button" className="link" onClick={() => void react({ input: { commentId: comment.id, kind: 'LIKE' } }).then((o) => tell(o))}>{words.like}</button>}
            {comment.reactionCount > 0 && <span>♥ {comment.reactionCount}</span>}
            <button type="button" className="link" onClick={() => void report({ input: { commentId: comment.id, reason: 'OTHER' } }).then((o) => tell(o, words.reported))}>{words.report}</button>
          </p>
        )}
      </article>
      {answering && <CommentForm {...{ articleId, policy }} parent={comment} sent={() => { setAnswering(false); refresh(); }} cancel={() => setAnswering(false)} />}
      {comment.replies && comment.replies.nodes.length > 0 && (
        <ol className="thread">{comment.replies.nodes.map((c) => <One key={c.id} comment={c} {...{ articleId, policy, refresh }} />)}</ol>
      )}
    </li>
  );
}

/** Writes a comment, as a member or as a guest. What was typed stays until it is sent, whatever happens to the session. */
function CommentForm({ articleId, policy, parent, sent, cancel }: { articleId: string; policy: Policy; parent?: CommentPartsFragment; sent: () => void; cancel?: () => void }) {
  const { words, viewer, href, reload } = useSite();
  const { path } = useHere();
  const stillHere = useStillHere();
  const signIn = href(`/account/sign-in?next=${encodeURIComponent(path)}`);
  const [body, setBody] = useDraft(`comment-${parent?.id ?? articleId}`);
  const [name, setName] = useState(stored('broadsheet:guest-name') ?? '');
  const [email, setEmail] = useDraft('guest-email');
  const [said, setSaid] = useState<{ text: string; wrong: boolean; ended?: boolean }>();
  const opened = useRef(Date.now());
  const add = useChange(AddCommentDocument);
  if (policy.mode === 'CLOSED') return <p className="note">{words.closed}</p>;
  if (policy.mode === 'REGISTERED' && !viewer) return <p className="note"><a href={signIn}>{words.members}</a></p>;
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const trap = String(new FormData(event.currentTarget).get('website') ?? '');
    keep('broadsheet:guest-name', name);
    const out = await add({ input: {
      articleId, body, parentId: parent?.id ?? null, website: trap, secondsOnPage: Math.round((Date.now() - opened.current) / 1000) + 1,
      ...(viewer ? {} : { guestName: name, guestEmail: email }),
    } });
    if (out.error !== undefined) {
      const ended = !!viewer && out.code !== 'NETWORK' && !(await stillHere());
      if (ended) reload();
      return setSaid({ text: ended ? words.expired : out.error, wrong: true, ended });
    }
    setBody('');
    setSaid({ text: out.payload.state === 'WAITING' ? words.waiting : words.shown, wrong: false });
    if (out.payload.state === 'SHOWN') sent();
  };
  return (
    <form className="comment-form" onSubmit={(e) => void submit(e)} aria-label={parent ? fill(words.replyTo, { name: parent.author.name }) : words.comment}>
      <label>
        {parent ? fill(words.replyTo, { name: parent.author.name }) : words.comment}
        <textarea required rows={parent ? 3 : 4} maxLength={policy.maxLength} dir="auto" value={body} onChange={(e) => setBody(e.target.value)} />
      </label>
      {!viewer && (
        <div className="pair">
          <label>{words.name}<input required={policy.guestFieldsRequired} autoComplete="name" dir="auto" value={name} onChange={(e) => setName(e.target.value)} /></label>
          <label>{words.email}<input type="email" required={policy.guestFieldsRequired} autoComplete="email" dir="ltr" value={email} onChange={(e) => setEmail(e.target.value)} /></label>
        </div>
      )}
      <input className="trap" name="website" tabIndex={-1} autoComplete="off" aria-hidden="true" />
      <p className="form-foot">
        <button type="submit" className="button">{words.send}</button>
        {cancel && <button type="button" className="button quiet" onClick={cancel}>{words.cancel}</button>}
        {!viewer && <small>{words.guestNote}</small>}
      </p>
      <p className={said?.wrong ? 'failed' : 'done'} role="status">{said?.text} {said?.ended && <a href={signIn}>{words.signIn}</a>}</p>
    </form>
  );
}
