//! A step in words: for a beginner, for the protocol, for who knows Express.

use super::commands;
use super::rows::{Lane, Row, Tone, Words, milliseconds};
use crate::teach::text::quoted;
use crate::trace::{Cookie, Exchange, Noted, Seal, Step, Write};

fn row(at: u64, lane: Lane, tone: Tone, words: Words) -> Row {
    Row { at: milliseconds(at), lane, tone, words, is_minor: false, differs: false, number: 0 }
}

/// How the request came.
pub fn arrival(exchange: &Exchange) -> Row {
    let line = quoted(&format!("{} {}", exchange.method, exchange.path));
    let ticket = exchange.cookies.iter().find(|cookie| cookie.sid.is_some());
    let (plain, protocol) = match ticket {
        Some(Cookie { name, bytes, sid: Some(sid), .. }) => (
            format!("and shows its ticket, {bytes} bytes."),
            format!("`Cookie: {name}={sid}●●●`, {bytes} bytes"),
        ),
        _ => ("and shows no ticket.".to_owned(), "no session cookie".to_owned()),
    };
    let verb = if exchange.method == "POST" { "sends a form to" } else { "asks for" };
    let words = Words::new(
        format!("Your browser {verb} {}, {plain}", quoted(&exchange.path)),
        format!("{line}, {protocol}"),
        format!("`req`: {line}, `req.headers.cookie`"),
    );
    row(0, Lane::Request, Tone::Plain, words)
}

/// The answer.
pub fn answer(exchange: &Exchange) -> Row {
    let size = exchange.bytes.map_or(String::new(), |bytes| format!(", {bytes} bytes"));
    let target = exchange.location.as_deref().map_or(String::new(), |to| {
        format!(" Go to {}.", quoted(to.split('?').next().unwrap_or_default()))
    });
    let set: Vec<&Cookie> = exchange.set_cookies.iter().collect();
    let (kept, lines) = if set.is_empty() {
        ("No new cookie: your browser keeps what it has.".to_owned(), "no `Set-Cookie`".to_owned())
    } else {
        let told: Vec<_> = set.iter().map(|cookie| cookie_told(cookie)).collect();
        let lines: Vec<_> = set.iter().map(|cookie| quoted(&set_cookie_line(cookie))).collect();
        (told.join(" "), lines.join(", "))
    };
    let words = Words::new(
        format!("The answer is {}{size}.{target} {kept}", exchange.status),
        format!("`{}`{size}.{target} {lines}", exchange.status),
        format!("`res`: {}{size}.{target} {lines}", exchange.status),
    );
    row(exchange.micros, Lane::Reply, Tone::Plain, words)
}

fn cookie_told(cookie: &Cookie) -> String {
    match &cookie.sid {
        _ if cookie.is_gone => format!("Throw the cookie `{}` away.", cookie.name),
        Some(sid) => format!("Keep this ticket: `{sid}`, with our seal."),
        None => format!("Keep a cookie called `{}`, {} bytes.", cookie.name, cookie.bytes),
    }
}

fn set_cookie_line(cookie: &Cookie) -> String {
    let value = cookie.sid.as_ref().map_or("●●●".to_owned(), |sid| format!("{sid}●●●"));
    format!("Set-Cookie: {}={value}; {}", cookie.name, cookie.attributes)
}

/// What was noted. `None`: it says nothing that another row does not.
pub fn step(noted: &Noted, exchange: &Exchange) -> Option<Row> {
    let plain = |lane, words| Some(row(noted.at, lane, Tone::Plain, words));
    let app = |words| plain(Lane::App, words);
    let minor = |words| app(words).map(|row| Row { is_minor: true, ..row });
    match &noted.step {
        Step::Form { fields } => app(form(fields)),
        Step::Origin { by } => minor(origin(*by)),
        Step::Policy => minor(Words::new(
            "The name and the password are fit to be used.",
            "username after RFC 8265, password not among the commonest",
            "what `passport-local-mongoose` leaves to you",
        )),
        Step::Ticket { name, seal, nanos, .. } => {
            let (tone, words) = ticket(name, seal, *nanos / 1_000, exchange);
            Some(row(noted.at, Lane::App, tone, words))
        }
        Step::Lost { sid } => Some(row(noted.at, Lane::App, Tone::Bad, lost(sid))),
        Step::Command(command) => Some(commands::row(noted.at, command)),
        Step::Memory { what, sid } => plain(
            Lane::Store,
            Words::new(
                format!("This server's memory, hook `{sid}`: {what}."),
                format!("`HashMap` in this process: {what} `{sid}`"),
                format!("`MemoryStore`: {what}"),
            ),
        ),
        Step::Hashed { algorithm, micros } => app(hashed(algorithm, *micros)),
        Step::Verified { right, micros } => {
            let tone = if *right { Tone::Ok } else { Tone::Bad };
            Some(row(noted.at, Lane::App, tone, verified(*right, *micros)))
        }
        Step::Regenerated { old, new } => app(regenerated(old.as_deref(), new)),
        Step::Login { user } => app(login(user)),
        Step::User { id } => minor(Words::new(
            format!("That is you: account `{}…`.", start(id)),
            format!("`passport.user` is `{}…`, and the account is there", start(id)),
            "`req.user`",
        )),
        Step::Forgotten => Some(row(
            noted.at,
            Lane::App,
            Tone::Bad,
            Words::new(
                "The account in the coat is gone, or its password has changed: this is nobody.",
                "`passport.user` names no account of this password version",
                "`deserializeUser` calls `done(null, false)`",
            ),
        )),
        Step::Destroyed => app(Words::new(
            "You log out: the coat is taken from its hook.",
            "the session is destroyed at the end of this request",
            "`req.logout()` and `req.session.destroy()`",
        )),
        Step::Written { write, .. } => written(*write, is_nobody(exchange)).and_then(app),
        Step::Rendered { template } => minor(Words::new(
            "The page is made.",
            format!("template `{template}.html.tera`"),
            format!("`res.render('{template}')`"),
        )),
        Step::Lab { fact, .. } => app(Words::new(fact, fact, fact)),
    }
}

fn start(id: &str) -> String {
    id.chars().take(6).collect()
}

fn form(fields: &[(String, usize)]) -> Words {
    let list = |unit: &str| -> String {
        let fields =
            fields.iter().map(|(name, length)| format!("{} ({length}{unit})", quoted(name)));
        fields.collect::<Vec<_>>().join(", ")
    };
    let none = if fields.is_empty() { "nothing but its button" } else { "" };
    Words::new(
        format!("The form brings {}{none}. What you typed is not recorded.", list(" characters")),
        format!("body, `application/x-www-form-urlencoded`: {}{none}", list("")),
        format!("`express.urlencoded()` makes `req.body`: {}{none}", list("")),
    )
}

fn origin(by: Option<&str>) -> Words {
    let header = match by {
        Some("sec-fetch-site") => "`Sec-Fetch-Site` says so",
        Some(_) => "`Origin` says so",
        None => "neither `Sec-Fetch-Site` nor `Origin`: no browser",
    };
    Words::new(
        "The form came from this site, not from somebody else's.",
        format!("cross-site check passed: {header}"),
        "what a CSRF middleware checks",
    )
}

fn ticket(name: &str, seal: &Seal, micros: u64, exchange: &Exchange) -> (Tone, Words) {
    match seal {
        Seal::None => {
            let asked = exchange.commands().next().is_some();
            let then = if asked { "" } else { " MongoDB need not be asked." };
            (
                Tone::Plain,
                Words::new(
                    format!("No ticket, so this is nobody.{then}"),
                    format!("no cookie `{name}`: no session to load"),
                    "`express-session`: no cookie, so a new and empty `req.session`",
                ),
            )
        }
        Seal::Broken => (
            Tone::Bad,
            Words::new(
                "The seal is broken: we did not even ask the database. This is nobody.",
                format!(
                    "HMAC-SHA256 of `{name}` does not match, {micros} µs: refused without a command"
                ),
                "`unsign(cookie, secret)` is `false`: a new and empty `req.session`",
            ),
        ),
        Seal::Genuine { sid, outdated } => {
            let old = if *outdated { " It was made with an older secret." } else { "" };
            (
                Tone::Ok,
                Words::new(
                    format!("The seal on ticket `{sid}` is ours.{old}"),
                    format!("HMAC-SHA256 over `{sid}` matches, {micros} µs.{old}"),
                    format!("`unsign(cookie, secret)` gives the `sessionID`.{old}"),
                ),
            )
        }
    }
}

fn lost(sid: &str) -> Words {
    Words::new(
        "The ticket is real, the coat is no longer kept. This is nobody.",
        format!("no valid document with `_id` `{sid}`; the id is not used again"),
        "`store.get` finds nothing: a new and empty `req.session`",
    )
}

fn hashed(algorithm: &str, micros: u64) -> Words {
    let took = milliseconds(micros);
    Words::new(
        format!("The password is hashed, slowly on purpose: {took} ms. Only the hash is kept."),
        format!("{algorithm}, {took} ms"),
        "`user.setPassword()`: there pbkdf2",
    )
}

fn verified(right: bool, micros: u64) -> Words {
    let took = milliseconds(micros);
    if right {
        Words::new(
            format!("The password fits its hash. That took {took} ms, on purpose."),
            format!("password verified against its hash in {took} ms: right"),
            "`LocalStrategy` verify: `done(null, user)`",
        )
    } else {
        Words::new(
            "Refused: the name or the password is wrong. We do not say which.",
            format!(
                "one hash computed, whether or not the name exists; at most {took} ms: refused"
            ),
            "`LocalStrategy` verify: `done(null, false)`",
        )
    }
}

fn regenerated(old: Option<&str>, new: &str) -> Words {
    let was = old.map_or("There was none before.".to_owned(), |old| {
        format!("The old one, `{old}`, is worth nothing from now on.")
    });
    Words::new(
        format!("A new number for the ticket: `{new}`. {was}"),
        format!("new sid `{new}` from 24 random bytes. {was}"),
        "`req.session.regenerate()`, against session fixation",
    )
}

fn login(user: &str) -> Words {
    let user = start(user);
    Words::new(
        format!("Into the coat goes whose it is: account `{user}…`."),
        format!("`session.passport.user` = `\"{user}…\"`"),
        "`serializeUser`: `done(null, user.id)`, kept as `req.session.passport.user`",
    )
}

/// Whether no session was found.
fn is_nobody(exchange: &Exchange) -> bool {
    let is_lost = |step: &Step| match step {
        Step::Ticket { seal, .. } => !matches!(seal, Seal::Genuine { .. }),
        Step::Lost { .. } => true,
        _ => false,
    };
    exchange.steps.iter().any(|noted| is_lost(&noted.step))
}

/// Other writes have a command of their own.
fn written(write: Write, nobody: bool) -> Option<Words> {
    match write {
        Write::Nothing if nobody => Some(Words::new(
            "There is nothing to keep for nobody, so nothing is stored.",
            "the session is new and empty: no write, no `Set-Cookie`",
            "`saveUninitialized: false`",
        )),
        Write::Nothing => Some(Words::new(
            "Nothing in the coat has changed, so nothing is written.",
            "session unmodified, its last write is recent: no write, touch skipped",
            "`resave: false`, `saveUninitialized: false`, `touchAfter`: no `store.set`",
        )),
        Write::Withheld => Some(Words::new(
            "The coat is not hung up: its ticket could never come back.",
            "new session not stored: the cookie is Secure on plain http, or for another path",
            "Express would store it, for nobody",
        )),
        _ => None,
    }
}
