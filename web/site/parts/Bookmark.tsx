import { useState } from 'react';
import { DEVICE, keep, stored, useAsk, useChange, useSite } from '../context';
import { AddBookmarkDocument, RemoveBookmarkDocument, RestoreBookmarkDocument, ViewerStateDocument } from '../generated/graphql';

/** Removes a story from the reading list, and can take that back. */
export function useRemove(): (articleId: string, changed: (saved: boolean) => void) => Promise<void> {
  const { words, toast } = useSite();
  const remove = useChange(RemoveBookmarkDocument);
  const restore = useChange(RestoreBookmarkDocument);
  return async (articleId, changed) => {
    const deviceToken = stored(DEVICE);
    const out = await remove({ input: { articleId, deviceToken } });
    if (out.error !== undefined) return toast(out.error);
    changed(false);
    const { undoToken } = out.payload;
    toast(words.removed, undoToken ? {
      label: words.undo,
      act: () => void restore({ input: { undoToken, deviceToken } }).then((back) => (back.error !== undefined ? toast(back.error) : changed(true))),
    } : undefined);
  };
}

/** Saves a story to the reading list of the account, or of this device. */
export function BookmarkButton({ id }: { id: string }) {
  const { words, toast, viewer } = useSite();
  const deviceToken = stored(DEVICE);
  const nobody = viewer === undefined || (viewer === null && !deviceToken);
  const [{ data }] = useAsk(ViewerStateDocument, { ids: [id], deviceToken }, { pause: nobody, fresh: true });
  const [own, setOwn] = useState<boolean>();
  const add = useChange(AddBookmarkDocument);
  const remove = useRemove();
  const saved = own ?? data?.viewerState[0]?.isBookmarked ?? false;
  const press = async () => {
    if (saved) return remove(id, setOwn);
    const out = await add({ input: { articleId: id, deviceToken: viewer ? null : deviceToken } });
    if (out.error !== undefined) return toast(out.error);
    if (out.payload.deviceToken) keep(DEVICE, out.payload.deviceToken);
    setOwn(true);
    toast(words.added);
  };
  return (
    <button type="button" className="tool" aria-pressed={saved} onClick={() => void press()}>
      <svg viewBox="0 0 16 16" width="14" height="14" fill={saved ? 'currentColor' : 'none'} stroke="currentColor" strokeWidth="1.500" aria-hidden="true"><path d="M3.500 1.500h9v13L8 11l-4.500 3.500z" /></svg>
      {saved ? words.saved : words.save}
    </button>
  );
}
