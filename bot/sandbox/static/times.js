// Times as people read them: the clock beside a message, the day above a day's messages.

const DAY_MS = 86_400_000;

export const dateOf = (ts) => new Date(Number(ts) * 1000);

export function clock(ts) {
  return dateOf(ts).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
}

export function dayKey(ts) {
  return dateOf(ts).toDateString();
}

export function dayName(ts, now = new Date()) {
  const days = Math.round((new Date(now.toDateString()) - new Date(dayKey(ts))) / DAY_MS);
  if (days === 0) return "Today";
  if (days === 1) return "Yesterday";
  return dateOf(ts).toLocaleDateString([], { weekday: "long", month: "long", day: "numeric" });
}
