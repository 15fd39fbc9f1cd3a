import { useCallback } from 'react';
import type { PictureFragment, TeaserFragment } from '../generated/graphql';
import { usePhrases, useSite } from '../context';
import { fill } from '../words';

/** A picture in the shape of cards, in the variants that the server has of it, and blurred until it is there. */
export function Picture({ picture, sizes, eager = false, alt = true }: { picture: PictureFragment; sizes: string; eager?: boolean; alt?: boolean }) {
  const { srcset, placeholder } = picture;
  const blur = useCallback((img: HTMLImageElement | null) => {
    if (!img || !placeholder || img.complete) return;
    void import('./blur').then(({ paint }) => paint(img, placeholder));
  }, [placeholder]);
  return (
    <img
      ref={blur} src={picture.src} srcSet={srcset || undefined} sizes={srcset ? sizes : undefined} alt={alt ? picture.alt : ''} width={1280} height={720}
      loading={eager ? 'eager' : 'lazy'} fetchPriority={eager ? 'high' : 'auto'} decoding={eager ? 'sync' : 'async'}
    />
  );
}

const kinds = { LIVE_BLOG: 'live', OPINION: 'opinion', VIDEO: 'video', AUDIO: 'audio', GALLERY: 'gallery', PRESS_RELEASE: 'press' } as const;

/** A label without what may differ: capitals, the Arabic article, an English plural. As in internal/website/words.go. */
function bare(label: string): string {
  return label.toLowerCase().replace(/^ال|s$/g, '');
}

/** The label of what a story is, where it is no plain report and stands in no section of that name. */
export function Kind({ kind, section }: { kind: TeaserFragment['kind']; section: { readonly label: string } | null | undefined }) {
  const { words } = useSite();
  const name = kinds[kind as keyof typeof kinds];
  return name && bare(words[name]) !== bare(section?.label ?? '') ? <span className={`kind ${name}`}>{words[name]}</span> : null;
}

/** A story in a list. `level` is that of its headline. */
export function Teaser({ story, level = 3, look = 'card', eager = false, sizes = '(max-width: 640px) 100vw, 300px', reason }: {
  story: TeaserFragment; level?: 2 | 3; look?: 'lead' | 'card' | 'row' | 'line' | 'text'; eager?: boolean; sizes?: string; reason?: string;
}) {
  const { href } = useSite();
  const { day, words } = usePhrases();
  const Heading = `h${level}` as const;
  const section = story.primaryCategory;
  const pictured = look !== 'line' && look !== 'text' && story.featuredImage;
  return (
    <article className={`teaser ${look}`} lang={story.language} dir={story.direction.toLowerCase()}>
      {pictured && <a className="frame" href={story.path} tabIndex={-1} aria-hidden="true"><Picture picture={pictured} sizes={sizes} eager={eager} alt={false} /></a>}
      <div className="words">
        <p className="kicker">
          {section && <a href={href(section.path)}>{section.label}</a>} <Kind kind={story.kind} section={section} />
        </p>
        <Heading><a href={story.path}>{story.title}</a></Heading>
        {look !== 'line' && story.excerpt && <p className="excerpt">{story.excerpt}</p>}
        <p className="meta">
          {reason && <span>{reason}</span>}
          {look === 'lead' && story.authors.length > 0 && <span>{words.by} {story.authors.map((a) => a.label).join(', ')}</span>}
          <time dateTime={story.publishedAt ?? undefined}>{day(story.publishedAt)}</time>
          {look === 'lead' && <span>{fill(words.minutes, { n: story.readingTimeMinutes })}</span>}
        </p>
      </div>
    </article>
  );
}
