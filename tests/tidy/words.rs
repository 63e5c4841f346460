//! Plain English: words, openings and columns of comments, docs, `--help` and the names of tests.

use super::graph::Violation;
use super::sources::{Sources, hold};

/// Words that hide who does something, or when.
const WORDS: [&str; 7] =
    ["whoever", "somebody", "nobody", "anybody", "everybody", "anew", "meanwhile"];

/// The first line of a doc comment stands alone in lists: it cannot lean on what is above.
const OPENINGS: [&str; 5] = ["The same", "That", "Of", "So many", "So long"];

const COLUMNS: usize = 110;

/// All files that speak to a reader, each with the part that does. The texts of lessons have rules of their
/// own (`sentences.rs`).
fn spoken(sources: &Sources) -> impl Iterator<Item = (&str, &str)> {
    let files = sources.prose.iter().map(|(name, prose)| (name.as_str(), prose.as_str()));
    files.filter(|(name, _)| !name.ends_with("/lesson.toml"))
}

/// The banned word in this text, if there is one.
pub fn banned(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| WORDS.into_iter().find(|banned| *banned == word))
}

fn no_word_that_hides_who_acts(sources: &Sources) -> Vec<Violation> {
    let mut texts = vec![];
    for (name, prose) in spoken(sources) {
        let lines = prose.lines().zip(1..).map(|(text, line)| (line, text.to_owned()));
        texts.extend(lines.map(|(line, text)| (name.to_owned(), line, text)));
    }
    for (name, rust) in &sources.rust {
        let of_attributes = rust.code.attributes.iter();
        let of_attributes =
            of_attributes.flat_map(|one| one.texts.iter().map(|text| (one.line, text.clone())));
        let all = rust.functions.iter().cloned().chain(of_attributes);
        texts.extend(all.map(|(line, text)| (name.clone(), line, text)));
    }
    let say = |(name, line, text): (String, usize, String)| {
        let word = banned(&text)?;
        Some(format!("{name}:{line}: `{word}`: say who does it, and when"))
    };
    texts.into_iter().filter_map(say).collect()
}

fn every_first_line_of_a_doc_comment_stands_alone(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (name, prose) in spoken(sources).filter(|(name, _)| name.ends_with(".rs")) {
        let mut before = "";
        for (text, line) in prose.lines().map(str::trim).zip(1..) {
            let first = text.strip_prefix("///").filter(|_| !before.starts_with("///"));
            let first = first.or_else(|| text.strip_prefix("/**")).map(str::trim_start);
            let leans = |opening: &&&str| {
                let rest = first.and_then(|first| first.strip_prefix(**opening));
                rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
            };
            if let Some(opening) = OPENINGS.iter().find(leans) {
                found.push(format!(
                    "{name}:{line}: begins with `{opening}`: name what it is, rustdoc shows this line alone"
                ));
            }
            before = text;
        }
    }
    found
}

fn every_line_is_narrow(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (name, prose) in spoken(sources) {
        let (is_doc, mut is_code) = (name.ends_with(".md"), false);
        let lines = sources.texts[name].lines().zip(prose.lines()).zip(1..);
        for ((text, prose), line) in lines.filter(|_| is_doc || name.ends_with(".rs")) {
            is_code ^= is_doc && text.trim_start().starts_with("```");
            let (columns, is_table) = (columns(text), is_doc && text.starts_with('|'));
            if columns > COLUMNS && !prose.trim().is_empty() && !is_table && !is_code {
                found.push(format!("{name}:{line}: {columns} columns: wrap at {COLUMNS}"));
            }
        }
    }
    found
}

/// Characters of a line, without those of addresses, which cannot be wrapped.
fn columns(line: &str) -> usize {
    let mut links = line.split("](");
    let first = links.next().unwrap_or_default();
    let rest = links.map(|link| link.split_once(')').map_or("", |(_, rest)| rest));
    let text = rest.fold(first.to_owned(), |text, rest| text + rest);
    let addresses = text.split_whitespace().filter(|word| word.contains("://"));
    text.chars().count() - addresses.map(|word| word.chars().count()).sum::<usize>()
}

#[test]
fn the_words_say_who_acts() {
    let red = [
        vec![("src/a.rs", "//! Meanwhile, it waits.")],
        vec![("src/a.rs", "fn a() {\n    b(); // Somebody calls.\n}")],
        vec![("src/a.rs", "/** Starts anew. */\nfn a() {}")],
        vec![("src/a.rs", "#[arg(help = \"For whoever asks\")]\nstruct A;")],
        vec![(
            "crates/x/src/a.rs",
            "#[cfg(test)]\nmod tests {\n    #[test]\n    fn it_keeps_nobody_out() {}\n}",
        )],
        vec![("tests/app/a.rs", "proptest! {\n    #[test]\n    fn anybody_comes(a in 0..9) {}\n}")],
        vec![("docs/a.md", "| a | NOBODY's |")],
        vec![("static/js/a.js", "/*\n * everybody\n */")],
        vec![("static/css/a.css", "a { b: c; } /* nobody */")],
        vec![("templates/a.html.tera", "<p>Somebody has it.</p>")],
        vec![("script/a", "#!/bin/sh\necho # whoever\n")],
        vec![("script/a.py", "\"\"\"Whoever asks.\"\"\"\n")],
        vec![("Rocket.toml", "# Whoever asks.\na = 1")],
    ];
    let green = [
        vec![("src/a.rs", "const A: &str = \"whoever // nobody\"; // renewed, manew")],
        vec![("Rocket.toml", "a = \"everybody\"")],
    ];
    hold(no_word_that_hides_who_acts, &red, &green);
}

#[test]
fn the_first_line_of_a_doc_comment_stands_alone() {
    let red = [
        vec![("src/a.rs", "/// That it answers.\nfn a() {}")],
        vec![(
            "src/a.rs",
            "struct A {\n    /// The same, for b.\n    ///\n    /// More.\n    b: u8,\n}",
        )],
        vec![("tests/a.rs", "/** Of all. */\nfn a() {}")],
    ];
    let green = [
        vec![("src/a.rs", "/// Offers more.\n/// That is all. Of course.\nfn a() {}")],
        vec![("src/a.rs", "// That is said to one reader.\nconst A: &str = \"/// That\";")],
    ];
    hold(every_first_line_of_a_doc_comment_stands_alone, &red, &green);
}

#[test]
fn every_line_of_text_is_narrow_enough() {
    let wide = "word ".repeat(23);
    let link = format!("[here](https://example.org/{})", "x".repeat(100));
    let table = format!("| {wide} |");
    let (fenced, after) = (format!("```sh\n{wide}\n```"), format!("```\n```\n{wide}"));
    let linked = format!("{wide}{link}");
    let code = format!("fn a() {{\n    b(); // {wide}\n}}");
    let doc = format!("/// {table}\nfn a() {{}}");
    let red = [
        vec![("docs/a.md", &*wide)],
        vec![("docs/a.md", &linked)],
        vec![("docs/a.md", &after)],
        vec![("src/a.rs", &code)],
        vec![("src/a.rs", &doc)],
    ];
    let code = format!("//! {link}\nconst A: &str = \"{wide}\";");
    let green = [
        vec![("docs/a.md", &*link)],
        vec![("docs/a.md", &table)],
        vec![("docs/a.md", &fenced)],
        vec![("src/a.rs", &code)],
        vec![("Rocket.toml", &wide)],
    ];
    hold(every_line_is_narrow, &red, &green);
}
