import { decode, isBlurhashValid } from 'blurhash';

const WIDTH = 32;
const HEIGHT = 18;

/** Paints the BlurHash of a picture behind it until the picture is there. */
export function paint(img: HTMLImageElement, hash: string): void {
  if (img.complete || !isBlurhashValid(hash).result) return;
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  if (!context) return;
  const pixels = context.createImageData(WIDTH, HEIGHT);
  pixels.data.set(decode(hash, WIDTH, HEIGHT));
  context.putImageData(pixels, 0, 0);
  img.style.backgroundImage = `url(${canvas.toDataURL()})`;
  img.classList.add('blurred');
  const clear = () => {
    img.style.backgroundImage = '';
    img.classList.remove('blurred');
  };
  img.addEventListener('load', clear, { once: true });
  img.addEventListener('error', clear, { once: true });
}
