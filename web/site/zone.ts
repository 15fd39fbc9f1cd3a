/** What the clocks of a time zone show at a moment, as if they were those of UTC. */
function clock(at: number, timeZone: string): number {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone, year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23',
  }).formatToParts(at);
  const n = (type: string) => Number(parts.find((p) => p.type === type)?.value);
  return Date.UTC(n('year'), n('month') - 1, n('day'), n('hour'), n('minute'), n('second'));
}

/** The moment at which a day begins in a time zone. Months count from 1; month 13 is January of the next year. */
function startOf(year: number, month: number, day: number, timeZone: string): string {
  const wanted = Date.UTC(year, month - 1, day);
  let at = wanted;
  for (let i = 0; i < 2; i++) at -= clock(at, timeZone) - wanted; // the second turn is for days on which clocks change
  return new Date(at).toISOString();
}

/** The moments between which a day (2026-01-05), a month (2026-01) or a year (2026) lies in a time zone; undefined when there is none such. */
export function spanOf(date: string, timeZone: string): { publishedSince: string; publishedBefore: string } | undefined {
  const [, y, m, d] = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?$/.exec(date) ?? [];
  if (!y) return undefined;
  const year = Number(y), month = Number(m ?? 1), day = Number(d ?? 1);
  const there = new Date(Date.UTC(year, month - 1, day));
  if (year < 1000 || there.getUTCMonth() !== month - 1 || there.getUTCDate() !== day) return undefined;
  const [lastYear, lastMonth, lastDay] = d ? [year, month, day + 1] : m ? [year, month + 1, 1] : [year + 1, 1, 1];
  return { publishedSince: startOf(year, month, day, timeZone), publishedBefore: startOf(lastYear, lastMonth, lastDay, timeZone) };
}

/** The month that it is in a time zone: 2026-01. */
export function thisMonth(timeZone: string): string {
  return new Date(clock(Date.now(), timeZone)).toISOString().slice(0, 7);
}
