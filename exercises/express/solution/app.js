// A small shop. Visitors fill a basket, and customers log in to see their account.
//
//   npm start    then open http://localhost:3000

const crypto = require("node:crypto");
const express = require("express");
const session = require("express-session");
const passport = require("passport");
const LocalStrategy = require("passport-local").Strategy;

const GOODS = ["apple", "bread", "cheese"];
// The secret comes from outside, because readers of this file could sign cookies with it. Without a secret,
// the program must not start: a default would be known to all as well.
const SECRET = process.env.SESSION_SECRET;
if (!SECRET) {
  throw new Error("Set SESSION_SECRET to a random text, for example of: openssl rand -base64 32");
}

// The customers by their names, in memory: a restart deletes them.
const customers = new Map();

function hashPassword(password, salt) {
  return crypto.scryptSync(password, salt, 64);
}

passport.use(
  new LocalStrategy((username, password, done) => {
    const customer = customers.get(username);
    if (!customer) return done(null, false);
    const hash = hashPassword(password, customer.salt);
    done(null, crypto.timingSafeEqual(hash, customer.hash) ? customer : false);
  }),
);

// Compares the password with the stored hash, and sets req.user. It writes nothing into the session.
const checkPassword = passport.authenticate("local", {
  session: false,
  failureRedirect: "/login?failed",
});

function page(body) {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Corner shop</title>
<h1><a href="/">Corner shop</a></h1>
${body}
</html>`;
}

function credentials(action, button) {
  return `<form method="post" action="${action}">
<label>Username <input name="username" required></label>
<label>Password <input name="password" type="password" minlength="8" required></label>
<button>${button}</button>
</form>`;
}

function createApp(store = new session.MemoryStore()) {
  const app = express();
  app.use(express.urlencoded({ extended: false }));
  app.use(
    session({
      secret: SECRET,
      // An unchanged session is not written again. Such a write costs time, and it can overwrite what a
      // request in another tab has changed in between.
      resave: false,
      store,
      // An empty session is not stored, and its cookie is not sent. Otherwise each visit of a bot is one
      // more session.
      saveUninitialized: false,
      cookie: { httpOnly: true, sameSite: "lax", maxAge: 24 * 60 * 60 * 1000 },
    }),
  );

  app.get("/", (req, res) => {
    const { basket = [], username } = req.session;
    const options = GOODS.map((item) => `<option>${item}</option>`).join("");
    res.send(
      page(`<p>In your basket: ${basket.join(", ") || "nothing"}.</p>
<form method="post" action="/basket">
<select name="item">${options}</select> <button>Add to the basket</button>
</form>
<p><a href="${username ? "/account" : "/login"}">${username ?? "Log in"}</a></p>`),
    );
  });

  app.post("/basket", (req, res) => {
    const { item } = req.body;
    if (!GOODS.includes(item)) return res.status(400).send(page("<p>We do not sell that.</p>"));
    req.session.basket = [...(req.session.basket ?? []), item];
    res.redirect("/");
  });

  app.get("/login", (req, res) => {
    const failed = "failed" in req.query ? "<p>Wrong username or password.</p>" : "";
    res.send(
      page(`${failed}
<h2>Log in</h2>
${credentials("/login", "Log in")}
<h2>New here?</h2>
${credentials("/register", "Create an account")}`),
    );
  });

  app.post("/register", (req, res) => {
    const { username, password } = req.body;
    const isFree = /^\w{1,20}$/.test(username) && !customers.has(username);
    if (!isFree || typeof password !== "string" || password.length < 8) {
      return res.status(400).send(page("<p>Choose another username, or a longer password.</p>"));
    }
    const salt = crypto.randomBytes(16);
    customers.set(username, { username, salt, hash: hashPassword(password, salt) });
    res.redirect("/login");
  });

  app.post("/login", checkPassword, (req, res, next) => {
    const { basket } = req.session;
    // The login gets a new session ID, because an attacker may know the old one. The old session is deleted,
    // and only the basket is kept. passport's req.logIn regenerates as well, but this app does not use it.
    req.session.regenerate((error) => {
      if (error) return next(error);
      req.session.basket = basket;
      req.session.username = req.user.username;
      res.redirect("/account");
    });
  });

  app.get("/account", (req, res) => {
    const { username } = req.session;
    if (!username) return res.redirect("/login");
    res.send(
      page(`<p>You are logged in as ${username}.</p>
<form method="post" action="/logout"><button>Log out</button></form>`),
    );
  });

  app.post("/logout", (req, res, next) => {
    // The session ends on the server, so a copy of the cookie is worth nothing. Deleting the cookie is only
    // tidy: a thief would not do it.
    req.session.destroy((error) => {
      if (error) return next(error);
      res.clearCookie("connect.sid");
      res.redirect("/");
    });
  });

  return app;
}

module.exports = createApp;

if (require.main === module) {
  const server = createApp().listen(process.env.PORT ?? 3000, "localhost", () => {
    console.log(`The shop is open at http://localhost:${server.address().port}`);
  });
}
