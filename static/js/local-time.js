// Shows times in the reader's time zone. The HTML has them in UTC, because the server does not know the
// zone. Works on every <time> with data-local: "exact" shows the moment, "clock" the time of day, "relative" its
// distance from now, "short" as well.

const MINUTE = 60_000;
const LANGUAGE = navigator.languages.find((language) => language.startsWith("en")) ?? "en";
const day = { day: "numeric", month: "long", year: "numeric" };
const clock = { hour: "numeric", minute: "2-digit", timeZoneName: "short" };
const exact = new Intl.DateTimeFormat(LANGUAGE, { ...day, ...clock });
const long = new Intl.DateTimeFormat(LANGUAGE, { weekday: "long", ...day, ...clock, second: "2-digit" });
const second = new Intl.DateTimeFormat(LANGUAGE, { timeStyle: "medium" });
const distance = new Intl.RelativeTimeFormat(LANGUAGE);
const abbreviated = new Intl.RelativeTimeFormat(LANGUAGE, { style: "narrow" });

/** "3 minutes ago", rounded as the server does it (src/web/time_view.rs). */
function relative(moment, format = distance) {
  const away = moment - Date.now();
  const sign = Math.sign(away);
  const minutes = Math.round(Math.abs(away) / MINUTE);
  if (minutes === 0) return away > 0 ? "in less than a minute" : "just now";
  if (minutes < 60) return format.format(sign * minutes, "minute");
  if (minutes < 23.5 * 60) return format.format(sign * Math.round(minutes / 60), "hour");
  return format.format(sign * Math.round(minutes / (24 * 60)), "day");
}

const FORMATS = {
  clock: (moment) => second.format(moment),
  relative,
  short: (moment) => relative(moment, abbreviated),
};

function show() {
  for (const element of document.querySelectorAll("time[data-local]")) {
    const moment = new Date(element.dateTime);
    const text = FORMATS[element.dataset.local];
    element.textContent = text ? text(moment) : exact.format(moment);
    element.title = long.format(moment);
  }
}

show();
setInterval(show, MINUTE / 2);
// A part of the page was fetched again (class-room.js).
document.addEventListener("fetched", show);
