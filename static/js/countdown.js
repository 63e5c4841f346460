// Counts down to a moment: <time data-countdown> inside an element with data-now, the server's time of the
// page in milliseconds. So a wrong clock of this computer does not matter. Without script, the moment stays.

for (const clocks of document.querySelectorAll("[data-now]")) {
  const ahead = Date.now() - Number(clocks.dataset.now);
  for (const moment of clocks.querySelectorAll("time[data-countdown]")) {
    const text = moment.textContent;
    const units = [[7200, 3600, "h"], [120, 60, "min"], [0, 1, "s"]];
    const show = () => {
      const left = Math.ceil((new Date(moment.dateTime) - (Date.now() - ahead)) / 1000);
      const [, length, unit] = units.find(([least]) => Math.abs(left) >= least);
      const distance = `${Math.round(Math.abs(left) / length)} ${unit}`;
      moment.textContent = `${text} (${left > 0 ? `in ${distance}` : `${distance} ago`})`;
    };
    show();
    setInterval(show, 500);
  }
}
