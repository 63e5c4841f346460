//! Rocket.toml and the settings that the program reads are the same, in both directions.

use std::collections::{BTreeMap, BTreeSet};

use toml::{Table, Value};

use super::graph::Violation;
use super::sources::{Sources, hold};

/// The struct that the file is read into; the other ones are the types of its fields.
const ROOT: &str = "Config";

/// The fields of this one stand in the table of the struct that has it (`src/config/session.rs`).
const FLAT: &str = "options";

/// The fields of each struct, with their types.
type Structs = BTreeMap<String, Vec<(String, String)>>;

fn structs(sources: &Sources) -> Structs {
    let mut found = Structs::new();
    let folders = ["src/config", "src/auth/", "src/proxy", "crates/rocket-express-session/src/"];
    for (_, text) in folders.iter().flat_map(|folder| sources.files(folder, ".rs")) {
        for item in syn::parse_file(text).expect("Rust").items {
            let syn::Item::Struct(item) = item else { continue };
            let field = |field: &syn::Field| {
                if is_skipped(field) {
                    return None;
                }
                Some((field.ident.as_ref()?.to_string(), last_word(&field.ty)))
            };
            let fields: Vec<_> = item.fields.iter().filter_map(field).collect();
            if !fields.is_empty() {
                found.insert(item.ident.to_string(), fields);
            }
        }
    }
    found
}

/// A field that is set in code only: `#[serde(skip)]`.
fn is_skipped(field: &syn::Field) -> bool {
    let mut skips = false;
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let read = attribute.parse_nested_meta(|meta| {
            skips |= meta.path.is_ident("skip");
            meta.value().and_then(syn::parse::ParseBuffer::parse::<syn::Lit>).map(drop).or(Ok(()))
        });
        read.expect("serde's words");
    }
    skips
}

/// `B` of `a::B` and of `Option<a::B>`.
fn last_word(kind: &syn::Type) -> String {
    let syn::Type::Path(path) = kind else { return String::new() };
    let Some(last) = path.path.segments.last() else { return String::new() };
    if let syn::PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(syn::GenericArgument::Type(inner)) = arguments.args.first()
    {
        return last_word(inner);
    }
    last.ident.to_string()
}

/// The settings of a struct as `session.cookie.path`; a table has a dot at its end.
fn fields(structs: &Structs, name: &str, table: &str, found: &mut Vec<String>) {
    for (field, kind) in structs.get(name).into_iter().flatten() {
        match structs.contains_key(kind) {
            true if field == FLAT => fields(structs, kind, table, found),
            true => {
                found.push(format!("{table}{field}."));
                fields(structs, kind, &format!("{table}{field}."), found);
            }
            false => found.push(format!("{table}{field}")),
        }
    }
}

/// The settings that the lines of Rocket.toml set, or show behind a `#`, without their profile. Are they
/// explained?
fn shown(text: &str) -> Vec<(String, bool)> {
    let (mut table, mut found, mut before) = (String::new(), vec![], "");
    for text in text.lines() {
        let shown = text.trim_start_matches('#').trim();
        if let Some(header) = text.strip_prefix('[') {
            let header = header.split(']').next().unwrap_or(header);
            // [profile.table]
            table = header.split_once('.').map_or(String::new(), |(_, table)| format!("{table}."));
        } else if let Ok(pair) = shown.parse::<Table>() {
            let comment = before.strip_prefix("# ");
            let is_explained = comment.is_some_and(|comment| comment.parse::<Table>().is_err());
            let names = keys(&table, &pair).into_iter().map(|name| (name, is_explained));
            found.extend(names);
        }
        before = text;
    }
    found
}

/// All keys in a table, and in the tables in it.
fn keys(path: &str, table: &Table) -> Vec<String> {
    let mut found = vec![];
    for (key, value) in table {
        found.push(format!("{path}{key}"));
        let inner = value.as_table().map(|inner| keys(&format!("{path}{key}."), inner));
        found.extend(inner.into_iter().flatten());
    }
    found
}

fn is_of_rocket(name: &str) -> bool {
    rocket::Config::PARAMETERS.contains(&name) || name == "template_dir"
}

fn settings_match(sources: &Sources) -> Vec<Violation> {
    let mut known = vec![];
    fields(&structs(sources), ROOT, "", &mut known);
    let text = sources.texts.get("Rocket.toml").map_or("", String::as_str);
    let profiles = match text.parse::<Table>() {
        Ok(profiles) => profiles,
        Err(error) => return vec![format!("Rocket.toml: {error}")],
    };
    let shown = shown(text);
    let mut found = vec![];
    for setting in known.iter().filter(|name| !name.ends_with('.')) {
        let mut named = shown.iter().filter(|(name, _)| name == setting).peekable();
        if named.peek().is_none() {
            found.push(format!(
                "Rocket.toml has no `{setting}`: set it, or show it as `# key = value`"
            ));
        } else if !named.any(|(_, is_explained)| *is_explained) {
            found.push(format!("Rocket.toml: say what `{setting}` is for, in a comment above it"));
        }
    }
    let set = profiles.values().filter_map(Value::as_table).flat_map(|profile| keys("", profile));
    let all: BTreeSet<String> = shown.into_iter().map(|(name, _)| name).chain(set).collect();
    for name in all {
        let is_ours = known.iter().any(|known| known.trim_end_matches('.') == name);
        if !is_ours && !is_of_rocket(name.split('.').next().unwrap_or_default()) {
            found.push(format!("Rocket.toml: the program reads no setting `{name}`: take it away"));
        }
    }
    found
}

#[test]
fn every_setting_is_explained_in_rocket_toml() {
    let mut known = vec![];
    fields(&structs(Sources::repository()), ROOT, "", &mut known);
    for name in ["mongodb.uri", "password.words", "session.stringify", "session.cookie.domain"] {
        assert!(known.iter().any(|known| known == name), "{name} is not in {known:?}");
    }
    let config = "struct Config { session: Option<session::SessionConfig>, teaching: bool }";
    let session =
        "struct SessionConfig { store: Kind, options: Options }\nenum Kind { A { no: u8 } }";
    let options = "struct Options { name: String, cookie: CookieOptions }\nstruct CookieOptions { path: Secrets }\n\
                   struct Secrets(Vec<String>);";
    let good = "[default]\nport = 1\n# T.\nteaching = true\n[default.session]\n# S.\nstore = 1\n# N, or:\n# name = \
                \"a\"\n[release.session.cookie]\n# P.\npath = 1\n";
    let with = |(from, to): (&str, &str)| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    let red = [
        ("# P.\npath = 1\n", ""),
        ("# T.\n", ""),
        ("# P.\n", "\n"),
        ("# S.", "# other = 1"),
        ("# name = ", "# nam = "),
        ("port", "prt"),
        ("session.cookie", "sesion.cookie"),
        ("path = 1", "path = 1\n# domain = \"a\""),
        ("[release.session.cookie]\n# P.\npath", "# C.\ncookie.pat"),
        ("store = 1", "store = 1\noptions = 1"),
        ("store = 1", "store = 1\nother = [\n1]"),
        ("store = 1", "store = 1\n#other = 1"),
    ];
    let green = [
        ("# T.", "# T. that = this"),
        ("[release.session.cookie]\n# P.\npath = 1", "# C.\ncookie = { path = 1 }"),
        ("port = 1", "limits = { form = 1 }"),
    ];
    let (red, green) = (red.map(with), green.map(with));
    let house = |toml| {
        let engine = ("crates/rocket-express-session/src/options.rs", options);
        vec![
            ("src/config.rs", config),
            ("src/config/session.rs", session),
            engine,
            ("Rocket.toml", toml),
        ]
    };
    let red: Vec<_> = red.iter().map(|toml| house(toml)).collect();
    let green: Vec<_> = green.iter().map(|toml| house(toml)).collect();
    hold(settings_match, &red, &green);
}
