// One test for each fault of app.js. Each sends requests to the app, as a browser or an attacker does.
//
//   npm test           your app.js
//   npm run solution   the app.js in the folder solution

const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const crypto = require("node:crypto");
const path = require("node:path");
const test = require("node:test");
const session = require("express-session");

process.env.SESSION_SECRET = crypto.randomBytes(32).toString("base64");

// The app of the folder in which the tests run.
const APP = path.resolve("app.js");
const ACCOUNT = { username: "rosa", password: "correct horse battery" };

// Sends requests with its one cookie, and keeps the cookie that the app sets.
class Browser {
  constructor(url, cookie) {
    this.url = url;
    this.cookie = cookie;
  }

  async send(method, path, fields) {
    const response = await fetch(this.url + path, {
      method,
      headers: this.cookie ? { cookie: this.cookie } : {},
      body: fields && new URLSearchParams(fields),
      redirect: "manual",
    });
    for (const line of response.headers.getSetCookie()) {
      const isDeleted = line.includes("Expires=Thu, 01 Jan 1970");
      this.cookie = isDeleted ? undefined : line.split(";")[0];
    }
    const { status } = response;
    assert.ok(status < 500, `${method} ${path} is answered with ${status}`);
    return { status, cookies: response.headers.getSetCookie(), body: await response.text() };
  }

  get(path) {
    return this.send("GET", path);
  }

  post(path, fields = {}) {
    return this.send("POST", path, fields);
  }

  async logIn() {
    await this.post("/register", ACCOUNT);
    await this.post("/login", ACCOUNT);
    assert.ok(await this.isLoggedIn(), "a login with the right password works");
  }

  async isLoggedIn() {
    const { status, body } = await this.get("/account");
    return status === 200 && body.includes(ACCOUNT.username);
  }

  // Puts bread into the basket, so that there is something to store.
  async fillBasket() {
    await this.post("/basket", { item: "bread" });
    const { body } = await this.get("/");
    assert.match(body, /In your basket: [a-z, ]*bread/, "the basket keeps what is put into it");
  }
}

// Counts how often the app writes a session.
class CountingStore extends session.MemoryStore {
  writes = 0;

  set(...of) {
    this.writes += 1;
    super.set(...of);
  }

  async ids() {
    return new Promise((resolve, reject) =>
      this.all((error, sessions) => (error ? reject(error) : resolve(Object.keys(sessions)))),
    );
  }
}

// The app in this process, with a store that the test can look into.
async function open(t) {
  const store = new CountingStore();
  const server = require(APP)(store).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { store, url: `http://127.0.0.1:${server.address().port}` };
}

// The app as a program of its own. Returns its address, or what it said when it refused to start.
async function start(t, secret) {
  const { SESSION_SECRET, ...env } = { ...process.env, PORT: "0" };
  if (secret !== undefined) env.SESSION_SECRET = secret;
  const program = spawn(process.execPath, [APP], { env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => program.kill());
  return new Promise((resolve) => {
    let printed = "";
    for (const stream of [program.stdout, program.stderr]) {
      stream.on("data", (text) => {
        printed += text;
        const url = printed.match(/http:\/\/localhost:\d+/)?.[0];
        if (url) resolve({ url });
      });
    }
    program.once("close", () => resolve({ refusal: printed }));
  });
}

// The session ID in a cookie: connect.sid=s%3A<session ID>.<signature>
const sessionId = (cookie) => decodeURIComponent(cookie).match(/=s:(.*)\./)[1];

// The cookie that express-session makes of a session ID and a secret.
function sign(id, secret) {
  const signature = crypto.createHmac("sha256", secret).update(id).digest("base64");
  return `connect.sid=${encodeURIComponent(`s:${id}.${signature.replace(/=+$/, "")}`)}`;
}

test("The secret comes from outside, and no cookie is accepted with another one", async (t) => {
  for (const [name, secret] of [["no", undefined], ["an empty", ""]]) {
    const { url } = await start(t, secret);
    assert.ok(!url, `with ${name} SESSION_SECRET, the program does not start`);
  }
  const secret = crypto.randomBytes(32).toString("base64");
  const { url, refusal } = await start(t, secret);
  assert.ok(url, `with SESSION_SECRET, the program starts; it said: ${refusal}`);
  const rosa = new Browser(url);
  await rosa.logIn();
  const id = sessionId(rosa.cookie);
  assert.equal(rosa.cookie, sign(id, secret), "the value of SESSION_SECRET signs the cookies");
  const forged = new Browser(url, sign(id, "keyboard cat"));
  assert.ok(!(await forged.isLoggedIn()), "a cookie signed with the old secret is not logged in");
});

test("A session that a request has not changed is not written to the store", async (t) => {
  const { store, url } = await open(t);
  const visitor = new Browser(url);
  await visitor.fillBasket();
  store.writes = 0;
  await visitor.get("/");
  await visitor.get("/login");
  assert.equal(store.writes, 0, "two requests that change nothing write nothing");
  await visitor.post("/basket", { item: "apple" });
  assert.equal(store.writes, 1, "a request that fills the basket writes once");
});

test("A visitor who only looks around gets no cookie, and the store keeps nothing", async (t) => {
  const { store, url } = await open(t);
  for (const path of ["/", "/login", "/account"]) {
    const { cookies } = await new Browser(url).get(path);
    assert.deepEqual(cookies, [], `GET ${path} sets no cookie`);
  }
  assert.deepEqual(await store.ids(), [], "no session is stored");
  const visitor = new Browser(url);
  await visitor.fillBasket();
  assert.equal((await store.ids()).length, 1, "a visitor with a basket has a session");
});

test("A login gets a new session ID, and the old cookie is not logged in", async (t) => {
  const { url } = await open(t);
  const attacker = new Browser(url);
  await attacker.fillBasket();
  const victim = new Browser(url, attacker.cookie);
  await victim.logIn();
  assert.notEqual(sessionId(victim.cookie), sessionId(attacker.cookie), "the session ID is new");
  assert.ok(!(await attacker.isLoggedIn()), "the cookie from before the login is not logged in");
});

test("A logout ends the session on the server, so a copied cookie is worthless", async (t) => {
  const { store, url } = await open(t);
  const rosa = new Browser(url);
  await rosa.logIn();
  const thief = new Browser(url, rosa.cookie);
  const id = sessionId(rosa.cookie);
  await rosa.post("/logout");
  assert.ok(!(await rosa.isLoggedIn()), "Rosa is logged out");
  assert.ok(!(await thief.isLoggedIn()), "a copy of her cookie is not logged in");
  assert.ok(!(await store.ids()).includes(id), "the store no longer has her session");
});
