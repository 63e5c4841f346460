// The app of the Express tutorial: express-session, connect-mongo, passport-local, on a database that it
// shares with an app in Rust. It has the tutorial's known faults (each user is an admin, logout by GET, no
// new ID for the visit counter), because the tests compare us with it.
//
//   MONGODB_URI=... SESSION_SECRET=... node app.js [port]
//
// SETTINGS, as JSON, changes options of express-session and of the store. PACKAGES, as JSON, takes other
// packages: {"store": "connect-mongo-3", "users": "plugin", "serialize": "_id"}. /do?steps=... does to the
// session what ../support/lab.rs does to ours.

const crypto = require("node:crypto");
const express = require("express");
const expressSession = require("express-session");
const mongoose = require("mongoose");
const passport = require("passport");
const { Strategy } = require("passport-local");

const uri = process.env.MONGODB_URI ?? "mongodb://localhost:27017/tutorial_db";
const settings = JSON.parse(process.env.SETTINGS ?? "{}");
const { store: storeSettings, ...sessionSettings } = settings;
const packages = JSON.parse(process.env.PACKAGES ?? "{}");
const { store: storePackage = "connect-mongo", users = "tutorial", serialize = "id" } = packages;
const { quiet = false } = packages;

// The session stores, each made as its own README says.
const folder = { paths: [`${__dirname}/stores/${storePackage}`, __dirname] };
const storePath = require.resolve(storePackage.replace(/-\d$/, ""), folder);
const makeStore = () => {
  const required = require(storePath);
  if (storePackage === "connect-mongodb-session") {
    const Store = required(expressSession);
    return new Store({ uri, collection: "sessions", ...storeSettings });
  }
  if (storePackage === "connect-mongo-3") {
    const Store = required(expressSession);
    const mongoOptions = { useNewUrlParser: true, useUnifiedTopology: true };
    return new Store({ url: uri, collection: "sessions", mongoOptions, ...storeSettings });
  }
  const Store = required.MongoStore ?? required.default ?? required;
  return Store.create({ mongoUrl: uri, collectionName: "sessions", ...storeSettings });
};

// The users: the tutorial's schema, its schema in the branches without admins, the same with an index as
// many tutorials make it, and the plugin that hashes passwords in a way of its own.
const text = { username: String, hash: String, salt: String };
const schemas = {
  tutorial: { ...text, admin: Boolean },
  "no-admin": text,
  unique: { ...text, username: { type: String, unique: true } },
  plugin: {},
};
const schema = new mongoose.Schema(schemas[users]);
if (users === "plugin") schema.plugin(require("passport-local-mongoose").default);

mongoose.connect(uri);
const User = mongoose.model("User", schema);

const hashOf = (password, salt) =>
  crypto.pbkdf2Sync(password, salt, 10000, 64, "sha512").toString("hex");

const verify = async (username, password, done) => {
  try {
    const user = await User.findOne({ username });
    done(null, user && user.hash === hashOf(password, user.salt) ? user : false);
  } catch (error) {
    done(error);
  }
};
const register = async (username, password) => {
  if (users === "plugin") return User.register(new User({ username }), password);
  const salt = crypto.randomBytes(32).toString("hex");
  return User.create({ username, salt, hash: hashOf(password, salt), admin: true });
};
passport.use(users === "plugin" ? User.createStrategy() : new Strategy(verify));

// What apps keep of the user in their sessions. An ObjectId comes from the store's own driver, as in an app
// that has one driver: newer drivers refuse the ObjectId of another version.
const { ObjectId } = require(require.resolve("mongodb", { paths: [storePath] }));
const serializers = {
  id: (user) => user.id,
  _id: (user) => new ObjectId(user.id),
  upper: (user) => user.id.toUpperCase(),
  "id in an object": (user) => ({ id: user.id, username: user.username }),
  "_id in an object": (user) => ({ _id: new ObjectId(user.id), username: user.username }),
};
passport.serializeUser((user, done) => done(null, serializers[serialize](user)));
passport.deserializeUser((stored, done) => {
  const id = serialize.endsWith("object") ? (stored._id ?? stored.id ?? stored) : stored;
  User.findById(String(id)).then((user) => done(null, user ?? false), done);
});

const app = express();
// In any other environment, Express writes each error to the console.
if (quiet) app.set("env", "test");
app.use(express.urlencoded({ extended: true }));
app.use(
  expressSession({
    secret: process.env.SESSION_SECRET ?? "some secret",
    resave: false,
    saveUninitialized: true,
    cookie: { maxAge: 24 * 60 * 60 * 1000 },
    ...sessionSettings,
    store: makeStore(),
  }),
);
app.use(passport.initialize());
app.use(passport.session());

app.get("/", (req, res) => {
  req.session.viewCount = (req.session.viewCount ?? 0) + 1;
  res.send(`You have visited this page ${req.session.viewCount} times`);
});
app.get("/protected-route", (req, res) => {
  res.status(req.isAuthenticated() ? 200 : 401).send(req.user?.username ?? "anonymous");
});
// A page, for script/bench: the same as Cloakroom's, from a template that it makes.
app.set("views", process.env.VIEWS ?? ".");
app.get("/dashboard", (req, res) => {
  if (!req.isAuthenticated()) return res.redirect("/login");
  const session = JSON.stringify(req.session, null, 2);
  res.render("dashboard.ejs", { username: req.user.username, session });
});
app.post("/register", async (req, res) => {
  await register(req.body.username, req.body.password);
  res.redirect("/login");
});
app.post(
  "/login",
  passport.authenticate("local", {
    successRedirect: "/login-success",
    failureRedirect: "/login-failure",
  }),
);
app.get("/logout", (req, res, next) => {
  req.logout((error) => (error ? next(error) : res.redirect("/protected-route")));
});

// One step of a test, as a promise.
const step = (req, text) => {
  const [verb, rest = ""] = text.split(/:(.*)/s);
  const [key, value = ""] = rest.split(/=(.*)/s);
  const call = (method) =>
    new Promise((resolve, reject) =>
      req.session[method]((error) => (error ? reject(error) : resolve())),
    );
  const steps = {
    set: () => void (req.session[key] = value),
    remove: () => void delete req.session[key],
    count: () => void (req.session[key] = (req.session[key] ?? 0) + 1),
    fill: () => void (req.session[key] = "x".repeat(Number(value))),
    touch: () => void req.session.touch(),
    login: () => call("regenerate").then(() => void (req.session.passport = { user: key })),
    regenerate: () => call("regenerate"),
    destroy: () => call("destroy"),
    save: () => call("save"),
    reload: () => call("reload"),
  };
  return steps[verb]();
};

app.get("/do", async (req, res) => {
  for (const text of req.query.steps.split(",").filter(Boolean)) await step(req, text);
  res.send(JSON.stringify(req.session ?? null));
});

// Ready when the indexes of the users are there, as mongoose says.
const ready = User.init().then(
  () => "made",
  (error) => `failed: ${error.message}`,
);
app.get("/indexes", async (req, res) => res.send(await ready));

const server = app.listen(Number(process.argv[2] ?? 3000), "127.0.0.1", () => {
  console.log(`listening on ${server.address().port}`);
});
