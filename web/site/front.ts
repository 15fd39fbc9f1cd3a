import type { FrontPageQuery, TeaserFragment } from './generated/graphql';

export interface Arrangement {
  readonly lead: TeaserFragment | undefined;
  readonly picks: readonly TeaserFragment[];
  readonly latest: readonly TeaserFragment[];
  readonly rows: readonly { readonly id: string; readonly path: string; readonly label: string; readonly stories: readonly TeaserFragment[] }[];
  readonly mostRead: readonly TeaserFragment[];
}

/** Lays out the front page so that no story is on it twice. The server does the same for the first view (internal/website/front.go). */
export function arrange(data: FrontPageQuery, language: string): Arrangement {
  const seen = new Set<string>();
  const take = (from: readonly TeaserFragment[], most: number): TeaserFragment[] => {
    const out: TeaserFragment[] = [];
    for (const story of from) {
      if (out.length === most) break;
      if (seen.has(story.id) || story.language !== language) continue;
      seen.add(story.id);
      out.push(story);
    }
    return out;
  };
  const news = data.latestNews?.nodes ?? [];
  const [lead] = take([...data.picks, ...news], 1);
  const picks = take([...data.picks, ...news], 4);
  const latest = take(news, 8);
  const rows = data.categories.map(({ id, path, label, latestNews }) => ({ id, path, label, stories: take(latestNews?.nodes ?? [], 4) })).filter((row) => row.stories.length > 0);
  return { lead, picks, latest, rows, mostRead: take(data.mostRead, 5) };
}
