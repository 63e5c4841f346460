// Signs and verifies with the packages that express-session uses itself. Reads lines of JSON, each
// [secret, ID, cookie made by us]. Answers each with [cookie made here, the ID that it read in ours].

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
