import { useSite } from '../context';

export function Loading() {
  const { words } = useSite();
  return <p className="loading" role="status">{words.working}</p>;
}
