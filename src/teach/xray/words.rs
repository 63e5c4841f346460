//! A step in words: for a beginner, for the protocol, for who knows Express.

use std::time::Duration;

use super::rows::{Lane, Row, Tone, Words, milliseconds};
use super::{commands, tickets};
use crate::teach::text::quoted;
use crate::trace::{Exchange, Noted, Seal, Step, Write};

pub(super) fn row(at: Duration, lane: Lane, tone: Tone, words: Words) -> Row {
    Row {
        at: milliseconds(at),
        lane,
        tone,
        words,
        is_minor: false,
        is_lab: false,
        differs: false,
        number: 0,
    }
}

/// What was noted, apart from what another row says as well.
pub fn steps(exchange: &Exchange) -> Vec<Row> {
    let mut rows = vec![];
    // The site's own ticket is looked at on the same page: which of the two is it about?
    let mut in_lab = false;
    for noted in &exchange.steps {
        let is_lab = match &noted.step {
            Step::Ticket { name, .. } | Step::Written { name, .. } => {
                in_lab = name.starts_with("lab.");
                in_lab
            }
            Step::Command(command) => command.collection == "lab_sessions",
            Step::Lost { .. }
            | Step::Memory { .. }
            | Step::Regenerated { .. }
            | Step::Login { .. }
            | Step::Destroyed => in_lab,
            Step::Lab { .. } => true,
            _ => false,
        };
        rows.extend(of_step(noted, exchange).map(|row| if is_lab { of_lab(row) } else { row }));
    }
    rows
}

fn of_lab(row: Row) -> Row {
    let plain = format!("In the lab: {}", row.words.plain.marked());
    Row { is_lab: true, words: Words { plain: plain.into(), ..row.words }, ..row }
}

fn of_step(noted: &Noted, exchange: &Exchange) -> Option<Row> {
    let plain = |lane, words| Some(row(noted.at, lane, Tone::Plain, words));
    let app = |words| plain(Lane::App, words);
    let minor = |words| app(words).map(|row| Row { is_minor: true, ..row });
    match &noted.step {
        Step::Form { fields } => app(form(fields)),
        Step::Origin { by } => minor(origin(*by)),
        Step::Policy => minor(Words::new(
            "The name and the password are fit to be used.",
            "username after RFC 8265, password hard to guess (zxcvbn)",
            "what `passport-local-mongoose` leaves to you",
        )),
        Step::Ticket { name, seal, took, .. } => {
            let (tone, words) = tickets::ticket(name, seal, *took, exchange);
            Some(row(noted.at, Lane::App, tone, words))
        }
        Step::Lost { sid } => {
            Some(row(noted.at, Lane::App, Tone::Bad, tickets::lost(sid, noted.at, exchange)))
        }
        Step::Ended { why } => Some(row(noted.at, Lane::App, Tone::Bad, tickets::ended(why))),
        Step::Command(command) => Some(commands::row(noted.at, command)),
        Step::Memory { what, sid } => plain(
            Lane::Store,
            Words::new(
                format!("This server's memory, hook `{sid}`: {what}."),
                format!("`HashMap` in this process: {what} `{sid}`"),
                format!("`MemoryStore`: {what}"),
            ),
        ),
        Step::Hashed { algorithm, took } => app(hashed(algorithm, *took)),
        Step::Verified { right, took } => {
            let tone = if *right { Tone::Ok } else { Tone::Bad };
            Some(row(noted.at, Lane::App, tone, verified(*right, *took)))
        }
        Step::Regenerated { old, new } => app(tickets::regenerated(old.as_deref(), new)),
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
            "The session ends: the coat is taken from its hook.",
            "the session is destroyed at the end of this request",
            "`req.logout()` and `req.session.destroy()`",
        )),
        Step::Written { name, write, .. } => {
            written(*write, is_nobody(exchange, name)).and_then(app)
        }
        Step::Rendered { template } => minor(Words::new(
            "The page is made.",
            format!("template `{template}.html.tera`"),
            format!("`res.render('{template}')`"),
        )),
        Step::Lab { fact, number, .. } => {
            let noted = format!("Noted for the lesson: {fact}, {number}.");
            minor(Words::new(&noted, &noted, &noted))
        }
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
        format!(
            "The form brings {}{none}. The values are hidden in this row.",
            list(" characters")
        ),
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

fn hashed(algorithm: &str, took: Duration) -> Words {
    let took = milliseconds(took);
    Words::new(
        format!("The password is hashed, slowly on purpose: {took} ms. Only the hash is kept."),
        format!("{algorithm}, {took} ms"),
        "`user.setPassword()`: there pbkdf2",
    )
}

fn verified(right: bool, took: Duration) -> Words {
    let took = milliseconds(took);
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

fn login(user: &str) -> Words {
    let user = start(user);
    Words::new(
        format!("Into the coat goes whose it is: account `{user}…`."),
        format!("`session.passport.user` = `\"{user}…\"`"),
        "`serializeUser`: `done(null, user.id)`, kept as `req.session.passport.user`",
    )
}

/// Whether no session was found for the cookie of this name.
fn is_nobody(exchange: &Exchange, cookie: &str) -> bool {
    let mut steps = exchange.steps.iter().map(|noted| &noted.step);
    let seal = steps.find_map(|step| match step {
        Step::Ticket { name, seal, .. } if name == cookie => Some(seal),
        _ => None,
    });
    // Up to the next ticket, the steps are about this one.
    let is_lost = steps
        .take_while(|step| !matches!(step, Step::Ticket { .. }))
        .any(|step| matches!(step, Step::Lost { .. }));
    !matches!(seal, Some(Seal::Genuine { .. })) || is_lost
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
