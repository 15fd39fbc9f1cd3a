import { createElement, type ReactNode } from 'react';
import { useAsk } from '../context';
import { ArticleTablesDocument, type ArticleBodyQuery, type BlockImagePartsFragment } from '../generated/graphql';

type Block = NonNullable<ArticleBodyQuery['article']>['body'][number];
type Of<K extends Block['__typename']> = Extract<Block, { __typename: K }>;

/** Words that the server has made safe: it keeps no scripts, handlers or foreign frames. */
const html = (text: string) => ({ __html: text });
const turn = (direction: Block['direction']) => direction?.toLowerCase() as 'ltr' | 'rtl' | undefined;

/** The text of a story, one component for each kind of block, in the markup that `bodyHtml` has. */
export function Body({ blocks, path }: { blocks: readonly Block[]; path: string }) {
  return blocks.map((block, i) => (block.__typename === 'TableBlock' ? <Table key={i} block={block} path={path} at={i} /> : <Piece key={i} block={block} />));
}

function Piece({ block }: { block: Exclude<Block, Of<'TableBlock'>> }): ReactNode {
  const dir = turn(block.direction);
  switch (block.__typename) {
    case 'ParagraphBlock':
      return <p dir={dir} dangerouslySetInnerHTML={html(block.html)} />;
    case 'HeadingBlock':
      return createElement(`h${block.level}`, { id: block.anchor || undefined, dir, dangerouslySetInnerHTML: html(block.html) });
    case 'ListBlock':
      return <List block={block} />;
    case 'QuoteBlock':
      return <Quote block={block} />;
    case 'CodeBlock':
      return <pre dir={dir}><code className={block.language ? `language-${block.language}` : undefined}>{block.text}</code></pre>;
    case 'ImageBlock':
      return <figure dir={dir}><Image image={block.image} href={block.href} /></figure>;
    case 'GalleryBlock':
      return (
        <figure className="gallery" dir={dir}>
          {block.images.map((image, i) => <figure key={i}><Image image={image} href={null} /></figure>)}
          {block.caption && <figcaption dangerouslySetInnerHTML={html(block.caption)} />}
        </figure>
      );
    default:
      return <Other block={block} />;
  }
}

function Other({ block }: { block: Exclude<Block, Of<'ParagraphBlock' | 'HeadingBlock' | 'ListBlock' | 'QuoteBlock' | 'CodeBlock' | 'TableBlock' | 'ImageBlock' | 'GalleryBlock'>> }) {
  switch (block.__typename) {
    case 'VideoBlock':
    case 'AudioBlock':
      return <figure><Recording block={block} />{block.caption && <figcaption dangerouslySetInnerHTML={html(block.caption)} />}</figure>;
    case 'EmbedBlock':
      return (
        <figure data-provider={block.provider}>
          <a href={block.fileUrl ?? undefined}>{block.title || block.fileUrl}</a>
          {block.caption && <figcaption dangerouslySetInnerHTML={html(block.caption)} />}
        </figure>
      );
    case 'FileBlock':
      return <p className="file"><a href={block.fileUrl ?? undefined} download>{block.name}</a></p>;
    case 'ButtonBlock':
      return <p className="button"><a href={block.fileUrl ?? undefined}>{block.title}</a></p>;
    case 'HtmlBlock':
      return <div dangerouslySetInnerHTML={html(block.html)} />;
    default:
      return <hr />;
  }
}

/** Recordings of this site play here; those of others are links, as no page asks another site for anything. */
function Recording({ block }: { block: Of<'VideoBlock' | 'AudioBlock'> }) {
  const url = block.fileUrl ?? '';
  if (!url.startsWith('/')) return <a className="recording" href={url}>▶ {new URL(url, 'https://x.invalid').hostname}</a>;
  return block.__typename === 'VideoBlock' ? <video src={url} controls preload="none" poster={block.poster ?? undefined} /> : <audio src={url} controls preload="none" />;
}

/** The variants of a picture of the text, as the server writes them into the first view (internal/website/pictures.go). */
function shown({ url, w480, w960, w1600, width }: BlockImagePartsFragment): { src: string; srcSet?: string; sizes?: string } {
  if (!w480 || !w960 || !w1600 || w480 === url) return { src: url ?? '' };
  const widest = width && width < 1600 ? width : 1600;
  const set = [`${w480} 480w`, ...(w960 === w480 ? [] : [`${w960} ${Math.min(960, widest)}w`]), ...(w1600 === w960 ? [] : [`${w1600} ${widest}w`])];
  return { src: w960, srcSet: set.join(', '), sizes: '(max-width: 900px) 100vw, 760px' };
}

function Image({ image, href }: { image: BlockImagePartsFragment; href: string | null | undefined }) {
  if (!image.url) return null;
  const picture = <img {...shown(image)} alt={image.alt} width={image.width ?? undefined} height={image.height ?? undefined} loading="lazy" />;
  return (
    <>
      {href ? <a href={href}>{picture}</a> : picture}
      {(image.caption || image.credit) && (
        <figcaption>
          <span dangerouslySetInnerHTML={html(image.caption)} /> {image.credit && <small className="credit" dangerouslySetInnerHTML={html(image.credit)} />}
        </figcaption>
      )}
    </>
  );
}

function Quote({ block }: { block: Of<'QuoteBlock'> }) {
  const dir = turn(block.direction);
  const words = <blockquote dir={dir}>{block.html.split('<br><br>').map((p, i) => <p key={i} dangerouslySetInnerHTML={html(p)} />)}
    {!block.isPullQuote && block.citation && <footer dangerouslySetInnerHTML={html(block.citation)} />}</blockquote>;
  if (!block.isPullQuote) return words;
  return <figure className="pull-quote" dir={dir}>{words}{block.citation && <figcaption dangerouslySetInnerHTML={html(block.citation)} />}</figure>;
}

interface Item { readonly html: string; readonly ordered?: boolean; readonly items?: readonly Item[] }

function List({ block }: { block: Of<'ListBlock'> }) {
  const dir = turn(block.direction);
  const items = <Items items={block.items} />;
  return block.ordered ? <ol dir={dir} start={block.start}>{items}</ol> : <ul dir={dir}>{items}</ul>;
}

function Items({ items }: { items: readonly Item[] }) {
  return items.map((item, i) => (
    <li key={i}>
      <span dangerouslySetInnerHTML={html(item.html)} />
      {item.items && item.items.length > 0 && createElement(item.ordered ? 'ol' : 'ul', null, <Items items={item.items} />)}
    </li>
  ));
}

interface Cell { readonly html: string; readonly isHeader: boolean; readonly colSpan: number; readonly rowSpan: number }

/** A table, whose cells are asked for apart: few stories have one, and they cost more than the text. */
function Table({ block, path, at }: { block: Of<'TableBlock'>; path: string; at: number }) {
  const [{ data }] = useAsk(ArticleTablesDocument, { path });
  const found = data?.article?.body[at];
  const table = found?.__typename === 'TableBlock' ? found : undefined;
  const row = (cells: readonly Cell[], key: number) => (
    <tr key={key}>
      {cells.map((cell, i) => createElement(cell.isHeader ? 'th' : 'td', { key: i, colSpan: cell.colSpan, rowSpan: cell.rowSpan, dangerouslySetInnerHTML: html(cell.html) }))}
    </tr>
  );
  return (
    <div className="table-frame">
      <table dir={turn(block.direction)}>
        {block.caption && <caption dangerouslySetInnerHTML={html(block.caption)} />}
        {table && table.head.length > 0 && <thead>{table.head.map((r, i) => row(r.cells, i))}</thead>}
        <tbody>{table?.rows.map((r, i) => row(r.cells, i))}</tbody>
      </table>
    </div>
  );
}
