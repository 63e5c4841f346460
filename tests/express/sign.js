// Signs and verifies with the packages that express-session uses itself. Reads a line of JSON for
// each [secret, sid, cookie made by us], answers with [cookie made here, the sid it read in ours].

const readline = require("node:readline");
const resolve = (name) => require(require.resolve(name, { paths: [require.resolve("express-session")] }));
const cookie = resolve("cookie");
const signature = resolve("cookie-signature");

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const [secret, sid, ours] = JSON.parse(line);
  const theirs = cookie.serialize("sid", "s:" + signature.sign(sid, secret));
  const read = cookie.parse(ours).sid ?? "";
  const opened = read.startsWith("s:") ? signature.unsign(read.slice(2), secret) : false;
  console.log(JSON.stringify([theirs, opened]));
});
