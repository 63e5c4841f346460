//! What docs and comments name is there: files, tests, and the reason of each dependency.

use std::collections::BTreeSet;

use toml::Table;

use super::graph::Violation;
use super::sources::{Sources, hold};

/// The ends of names of files.
const ENDINGS: [&str; 17] = [
    ".rs", ".md", ".toml", ".tera", ".js", ".css", ".json", ".py", ".sh", ".conf", ".service",
    ".yaml", ".yml", ".png", ".svg", ".lock", ".html",
];

/// Names of other projects, and of what a program makes.
const ELSEWHERE: [&str; 9] = [
    "Node.js",
    "index.js",                   // express-session
    "test/session.js",            // express-session
    "test/cookie.js",             // express-session
    "test/parse.js",              // cookie
    "test/serialize.js",          // cookie
    "src/lib/MongoStore.spec.ts", // connect-mongo
    "parse/media_type.rs",        // rocket_http
    "table.md",                   // `cargo run` in the crate's comparison makes it
];

fn files_that_are_named_exist(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (name, prose) in sources.prose.iter().filter(|(name, _)| !name.starts_with("templates/")) {
        for (line, number) in prose.lines().zip(1..) {
            for word in words(line).filter(|word| is_file(sources, word)) {
                if !exists(sources, name, word) {
                    found.push(format!("{name}:{number}: there is no `{word}` in this repository"));
                }
            }
        }
    }
    found
}

/// Words that may be paths, without the marks around them.
fn words(line: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || "_./@-*<>{}…~$:\\%+&=(".contains(c);
    let words = line.split(move |c: char| !is_part(c));
    words.map(|word| word.trim_end_matches(['.', ':', '…']).trim_start_matches('('))
}

fn is_file(sources: &Sources, word: &str) -> bool {
    let signs = ['*', '<', '>', '{', '}', '…', '~', '$', ':', '\\', '%', '&', '=', '('];
    let has_end = ENDINGS.iter().any(|ending| word.len() > ending.len() && word.ends_with(ending));
    // A path in a folder of ours needs no known end.
    let is_below = || match word.split_once('/') {
        Some((folder, rest)) if !folder.is_empty() && !rest.is_empty() => {
            sources.files(&format!("{folder}/"), "").next().is_some()
        }
        _ => false,
    };
    let is_pattern = word.contains(signs) || word.starts_with('/');
    !is_pattern && !ELSEWHERE.contains(&word) && (has_end || is_below())
}

/// From the root, from the file that names it, or from any folder: `web/login.rs`.
fn exists(sources: &Sources, from: &str, word: &str) -> bool {
    let mut folder: Vec<&str> = from.split('/').collect();
    folder.pop();
    for part in word.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." {
            folder.pop();
        } else {
            folder.push(part);
        }
    }
    let near = format!("/{}", folder.join("/"));
    let far = format!("/{}", word.trim_start_matches("./").trim_end_matches('/'));
    let goes_on = |rest: &str| rest.is_empty() || rest.starts_with(['/', '.']);
    let mut files = sources.texts.keys().map(|file| format!("/{file}"));
    files.any(|file| {
        let at_root = file.strip_prefix(&near).is_some_and(goes_on);
        at_root || file.match_indices(&far).any(|(at, _)| goes_on(&file[at + far.len()..]))
    })
}

fn tests_that_are_named_exist(sources: &Sources) -> Vec<Violation> {
    let functions = sources.rust.values().flat_map(|rust| &rust.functions);
    let functions: BTreeSet<&str> = functions.map(|(_, name)| name.as_str()).collect();
    let mut found = vec![];
    for (name, text) in sources.files("", ".md") {
        for (line, number) in text.lines().zip(1..) {
            for quoted in line.split('`').skip(1).step_by(2) {
                let test = quoted.rsplit("::").next().unwrap_or(quoted);
                let is_word =
                    test.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
                if is_word && test.matches('_').count() > 3 && !functions.contains(test) {
                    found.push(format!("{name}:{number}: there is no test `{test}`"));
                }
            }
        }
    }
    found
}

fn dependencies_have_reasons(sources: &Sources) -> Vec<Violation> {
    let text = |name: &str| sources.texts.get(name).map_or("", String::as_str);
    let cargo: Table = text("Cargo.toml").parse().expect("Cargo.toml");
    let mut named = BTreeSet::new();
    dependencies(&cargo, &mut named);
    let reasons = text("docs/dependencies.md").lines().filter(|line| line.starts_with("| `"));
    let reasons: BTreeSet<&str> = reasons.filter_map(|line| line.split('`').nth(1)).collect();
    let missing = named.iter().filter(|name| !reasons.contains(name.as_str()));
    let missing = missing.map(|name| format!("docs/dependencies.md: why is `{name}` here?"));
    let left = reasons.iter().filter(|name| !named.contains(**name));
    missing
        .chain(left.map(|name| format!("docs/dependencies.md: `{name}` is no longer here")))
        .collect()
}

/// All tables of dependencies, those of a platform as well.
fn dependencies(table: &Table, named: &mut BTreeSet<String>) {
    for (key, value) in table {
        let Some(inner) = value.as_table() else { continue };
        if key.ends_with("dependencies") {
            named.extend(inner.keys().cloned());
        } else if key != "profile" {
            dependencies(inner, named);
        }
    }
}

#[test]
fn every_file_that_is_named_is_there() {
    let mut red = vec![
        vec![("docs/a.md", "See `DESIGN.md`.")],
        vec![("docs/a.md", "[here](../b.md#c)")],
        vec![("docs/a.md", "Run script/tets first.")],
        vec![("src/a.rs", "// web/log.rs has it")],
        vec![("src/a.rs", "/// In ogin.rs.\nfn a() {}")],
        vec![("static/a.css", "/* SECURITY.md */")],
        vec![("Rocket.toml", "# docs/deploy.md")],
    ];
    let mut green = vec![
        vec![(
            "docs/a.md",
            "`web/login.rs`, login.rs: [here](deploy/nginx.conf), ../script/test, src/web/",
        )],
        vec![("docs/b.md", "https://example.org/a.js, `*.rs`, src/web/<page>.rs, record.json()")],
        vec![("src/a.rs", "const A: &str = \"DESIGN.md\";")],
    ];
    for files in red.iter_mut().chain(&mut green) {
        files.extend([
            ("src/web/login.rs", ""),
            ("docs/deploy/nginx.conf", ""),
            ("script/test", ""),
        ]);
    }
    hold(files_that_are_named_exist, &red, &green);
}

#[test]
fn every_test_that_the_docs_name_is_there() {
    let test = ("tests/a.rs", "#[test]\nfn a_b_c_d_e() {} // fn a_b_c_d_f() {}");
    let red = [
        vec![test, ("docs/a.md", "| a | `a_b_c_d_f` |")],
        vec![test, ("README.md", "The test `tests::a_b_c_d_g` shows it.")],
    ];
    let green = [vec![test, ("docs/a.md", "`a_b_c_d_e`, `x::a_b_c_d_e`, `a_b`, `A_B_C_D_F`")]];
    hold(tests_that_are_named_exist, &red, &green);
}

#[test]
fn every_dependency_has_its_reason() {
    let reasons = |text| ("docs/dependencies.md", text);
    let cargo = (
        "Cargo.toml",
        "[dependencies]\na = \"1\"\n[target.'cfg(unix)'.dev-dependencies.b]\nversion = \"1\"",
    );
    let red = [
        vec![cargo, reasons("| `a` | x |")],
        vec![cargo, reasons("| `a` | x |\n| `b` | y |\n| `c` | z |")],
    ];
    let green = [vec![cargo, reasons("# D\n\n| crate |\n| `a` | x |\n| `b` | y |")]];
    hold(dependencies_have_reasons, &red, &green);
}
