import { useEffect, useState } from 'react';
import type en from './words/en';

/** What the site itself says, in each language that it speaks: a file for each, of which a page loads its own. */
export type Words = { readonly [K in keyof typeof en]: (typeof en)[K] extends readonly string[] ? readonly string[] : string };

const files = { en: () => import('./words/en'), ar: () => import('./words/ar') };

export type Lang = 'en' | 'ar';

/** The language of the site's own words on a page: English for a page in a language that the site does not speak. */
function langOf(language: string): Lang {
  return language.startsWith('ar') ? 'ar' : 'en';
}

const loaded: { [K in Lang]?: Words } = {};

/** Loads the words of a language. */
export async function loadWords(language: string): Promise<Words> {
  const lang = langOf(language);
  return (loaded[lang] ??= (await files[lang]()).default);
}

/** The words of a language, of which at least one was loaded before: those of the page before until they are there. */
export function useWords(language: string): Words {
  const lang = langOf(language);
  const [words, setWords] = useState(loaded[lang] ?? loaded.en ?? loaded.ar);
  const now = loaded[lang] ?? words;
  useEffect(() => {
    let over = false;
    void loadWords(lang).then((w) => { if (!over) setWords(w); }, () => undefined); // without them the page stays in the language before
    return () => { over = true; };
  }, [lang]);
  if (!now) throw new Error('no words were loaded');
  return now;
}

/** Which form a number takes, of two (one, other) or of five (one, two, few, many, other), as CLDR has them for English and Arabic. */
function formOf(n: number, forms: number): number {
  if (forms === 2) return n === 1 ? 0 : 1;
  if (forms !== 5 || n === 1) return 0;
  const rest = n % 100;
  return n === 2 ? 1 : rest >= 3 && rest <= 10 ? 2 : rest >= 11 ? 3 : 4;
}

/** Puts values into a sentence: `{n} results`. Forms by number stand between bars: `{n} result|{n} results`. */
export function fill(text: string, values: Record<string, string | number>): string {
  const forms = text.split('|');
  return (forms[formOf(Number(values['n']), forms.length)] ?? text).replace(/{(\w+)}/g, (_, name: string) => String(values[name] ?? ''));
}

/** The day of a moment in a time zone, written out: 5 December 2025. */
export function day(at: string | null | undefined, words: Words, timeZone: string): string {
  const p = partsOf(at, timeZone);
  return p ? `${p.day} ${words.months[p.month - 1]} ${p.year}` : '';
}

/** Day and time of a moment: 5 December 2025, 14:05. */
export function moment(at: string | null | undefined, words: Words, timeZone: string): string {
  const p = partsOf(at, timeZone);
  return p ? `${p.day} ${words.months[p.month - 1]} ${p.year}, ${p.time}` : '';
}

function partsOf(at: string | null | undefined, timeZone: string) {
  if (!at) return undefined;
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone, year: 'numeric', month: 'numeric', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
  }).formatToParts(new Date(at));
  const part = (type: string) => parts.find((p) => p.type === type)?.value ?? '';
  return { day: Number(part('day')), month: Number(part('month')), year: part('year'), time: `${part('hour')}:${part('minute')}` };
}
