//! What the rules look at: the files of the repository, or a few small ones that a test makes up.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use proc_macro2::{TokenStream, TokenTree};

use super::code::{self, Code};
use super::files;
use super::graph::{Package, Violation};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[derive(Default)]
pub struct Sources {
    /// All files by their path from the root.
    pub texts: BTreeMap<String, String>,
    /// What each says to its readers, in the lines in which it stands.
    pub prose: BTreeMap<String, String>,
    /// The Rust files.
    pub rust: BTreeMap<String, Rust>,
}

/// A Rust file, its tests included; `code` alone leaves them out.
pub struct Rust {
    pub code: Code,
    /// The names of all functions, with their lines.
    pub functions: Vec<(usize, String)>,
    /// All texts, with their lines.
    pub texts: Vec<(usize, String)>,
}

impl Sources {
    /// The whole repository, read once.
    pub fn repository() -> &'static Self {
        static REPOSITORY: LazyLock<Sources> =
            LazyLock::new(|| Sources::new(files::read(ROOT, "")));
        assert!(REPOSITORY.rust.len() > 200, "{:?}", REPOSITORY.rust.keys());
        &REPOSITORY
    }

    /// Some files that a test makes up.
    pub fn of(files: &[(&str, &str)]) -> Self {
        let file = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Self::new(files.iter().map(file).collect())
    }

    fn new(texts: BTreeMap<String, String>) -> Self {
        let mut sources = Self { texts, ..Self::default() };
        for (name, text) in &sources.texts {
            let prose = if name.ends_with(".rs") {
                let tokens: TokenStream = text.parse().expect("Rust tokens");
                sources.rust.insert(name.clone(), Rust::of(tokens.clone()));
                comments_of_rust(text, tokens)
            } else {
                prose(name, text)
            };
            sources.prose.insert(name.clone(), prose);
        }
        sources
    }

    /// The files whose path begins and ends like this.
    pub fn files<'s>(
        &'s self,
        folder: &'s str,
        ending: &'s str,
    ) -> impl Iterator<Item = (&'s str, &'s str)> {
        let files = self.texts.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        files.filter(move |(name, _)| name.starts_with(folder) && name.ends_with(ending))
    }

    /// The source of the app, without its tests.
    pub fn app(&self) -> Package {
        let ours = self.rust.iter().filter(|(name, _)| name.starts_with("src/"));
        ours.map(|(name, rust)| (name.clone(), rust.code.clone())).collect()
    }
}

impl Rust {
    fn of(file: TokenStream) -> Self {
        let mut rust = Self { code: Code::of(file.clone()), functions: vec![], texts: vec![] };
        rust.walk(file);
        rust
    }

    fn walk(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        for (at, token) in tokens.iter().enumerate() {
            match (token, tokens.get(at + 1)) {
                (TokenTree::Group(group), _) => self.walk(group.stream()),
                (TokenTree::Literal(literal), _) => self.texts.extend(code::text(literal)),
                (TokenTree::Ident(word), Some(TokenTree::Ident(name))) if word == "fn" => {
                    self.functions.push((name.span().start().line, name.to_string()));
                }
                _ => {}
            }
        }
    }
}

/// The comments of a file that is not Rust, or all of a doc and of a template.
fn prose(name: &str, text: &str) -> String {
    match name.rsplit(['.', '/']).next().unwrap_or_default() {
        "md" => text.to_owned(),
        _ if name.starts_with("templates/") => text.to_owned(),
        "js" => between(text, "/*", "*/", Some("//")),
        "css" => between(text, "/*", "*/", None),
        "py" => between(text, "\"\"\"", "\"\"\"", Some("#")),
        "sh" | "toml" | "conf" | "yaml" | "yml" | "service" | "gitignore" | "gitattributes"
        | "dockerignore" | "Dockerfile" => between(text, "\0", "\0", Some("#")),
        _ if text.starts_with("#!") => between(text, "\0", "\0", Some("#")),
        _ => String::new(),
    }
}

/// Blanks all tokens, except those that begin with a slash and a second sign. A comment about an item is such
/// a token, of an attribute `doc`.
fn comments_of_rust(text: &str, file: TokenStream) -> String {
    fn blank(tokens: TokenStream, text: &str, left: &mut [u8]) {
        for token in tokens {
            let range = token.span().byte_range();
            let ends = [range.start, range.end - 1];
            if text[range.clone()].starts_with("//") || text[range.clone()].starts_with("/*") {
                continue;
            }
            let bytes: Vec<usize> = match token {
                TokenTree::Group(group) => {
                    blank(group.stream(), text, left);
                    ends.into()
                }
                _ => range.collect(),
            };
            for byte in bytes.into_iter().filter(|byte| text.as_bytes()[*byte] != b'\n') {
                left[byte] = b' ';
            }
        }
    }
    let mut left = text.as_bytes().to_vec();
    blank(file, text, &mut left);
    String::from_utf8(left).expect("tokens end where characters end")
}

/// Keeps what stands between two signs, and what follows a third until the end of its line, if that begins a
/// line or follows a blank.
fn between(text: &str, open: &str, close: &str, to_end: Option<&str>) -> String {
    let (mut is_inside, mut kept) = (false, String::new());
    for line in text.lines() {
        let mut rest = line;
        while !rest.is_empty() {
            let before = &line[..line.len() - rest.len()];
            let is_free = before.is_empty() || before.ends_with([' ', '\t']);
            let sign = if is_inside { close } else { open };
            if let Some(after) = rest.strip_prefix(sign) {
                is_inside = !is_inside;
                rest = after;
            } else if !is_inside && is_free && to_end.is_some_and(|sign| rest.starts_with(sign)) {
                kept.push_str(rest);
                rest = "";
            } else {
                let next = rest.chars().next().expect("not empty");
                kept.push(if is_inside { next } else { ' ' });
                rest = &rest[next.len_utf8()..];
            }
        }
        kept.push('\n');
    }
    kept
}

/// A few files that a test makes up: their paths and texts.
pub type Files<'f> = Vec<(&'f str, &'f str)>;

/// For each text the file alone that holds it.
pub fn alone<'f>(file: &'f str, texts: &[&'f str]) -> Vec<Files<'f>> {
    texts.iter().map(|text| vec![(file, *text)]).collect()
}

/// Fails unless each of the red sources breaks a rule, no green one does, and the repository does not.
#[track_caller]
pub fn hold(rule: fn(&Sources) -> Vec<Violation>, red: &[Files<'_>], green: &[Files<'_>]) {
    for files in red {
        assert!(!rule(&Sources::of(files)).is_empty(), "not found: {files:?}");
    }
    for files in green {
        let found = rule(&Sources::of(files));
        assert!(found.is_empty(), "{files:?}: {found:?}");
    }
    let found = rule(Sources::repository());
    assert!(found.is_empty(), "{} times:\n{}\n", found.len(), found.join("\n"));
}

#[test]
fn only_comments_are_prose() {
    let rust = "//! head\nlet a = \"// text\"; // end\n/* one\n two */ b('\"', r#\"/* no */\"#);\n\
                /// doc é\nfn c() {}\n";
    let js = "let a = 'http://x'; // one\n/* two\nthree */ four();";
    let python = "#!/usr/bin/env python3\n\"\"\"Help.\"\"\"\na = b['#'] # c";
    let files =
        [("a.rs", rust), ("a.js", js), ("a.py", python), ("script/a", "#!/bin/sh\nx # y\n")];
    let sources = Sources::of(&files);
    let check = |name: &str, expected: &[&str]| {
        let lines: Vec<&str> = sources.prose[name].lines().map(str::trim).collect();
        assert_eq!(lines, expected, "{name}");
    };
    check("a.rs", &["//! head", "// end", "/* one", "two */", "/// doc é", ""]);
    check("a.js", &["// one", "two", "three"]);
    check("a.py", &["#!/usr/bin/env python3", "Help.", "# c"]);
    check("script/a", &["#!/bin/sh", "# y"]);
}
