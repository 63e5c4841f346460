//! The place in our source that does a step: file, function, and the lines of it that count.
//!
//! The sources are those that this binary was built from, and the function is found by its name. So a page
//! never shows code that the program does not run.

use std::ops::Range;
use std::path::Path;

use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};

/// The folders with sources. Their paths in the repository begin with these names.
static SOURCES: [(&str, Dir<'_>); 2] = [
    ("src", include_dir!("$CARGO_MANIFEST_DIR/src")),
    (
        "crates/rocket-express-session/src",
        include_dir!("$CARGO_MANIFEST_DIR/crates/rocket-express-session/src"),
    ),
];

/// The text of the source with this path in the repository.
fn text_of(file: &str) -> Option<&'static str> {
    let in_folder = |(name, folder): &'static (&str, Dir<'_>)| {
        folder.get_file(Path::new(file).strip_prefix(name).ok()?)?.contents_utf8()
    };
    SOURCES.iter().find_map(in_folder)
}

/// Where a step happens, as a file of sentences says it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Code {
    file: String,
    function: String,
    /// Pieces of the lines that do it.
    mark: Vec<String>,
    /// Who else has a part in the step, such as the browser.
    note: Option<String>,
}

/// A line of source.
#[derive(Serialize)]
pub struct Line {
    number: usize,
    text: &'static str,
    is_marked: bool,
}

impl Code {
    /// The lines of the function, the first of its name in the file, below the line of its `impl`.
    ///
    /// # Errors
    /// There is no such file, function or line: which, in one line.
    pub fn lines(&self) -> Result<Vec<Line>, String> {
        let Self { file, function, mark, .. } = self;
        let text = text_of(file).ok_or_else(|| format!("code: the program has no file {file}"))?;
        let source: Vec<&str> = text.lines().collect();
        let heads = [format!("fn {function}("), format!("fn {function}<")];
        let is_head = |line: &&str| heads.iter().any(|head| line.contains(head));
        let head = source.iter().position(is_head);
        let head = head.ok_or_else(|| format!("code: {file} has no function {function}"))?;
        let lines = lines_around(head, &source);
        let is_absent = |mark: &&String| !lines.clone().any(|n| source[n].contains(*mark));
        if let Some(absent) = mark.iter().find(is_absent) {
            return Err(format!("code: no line of {function} in {file} has {absent:?}"));
        }
        let is_marked = |text: &str| mark.iter().any(|mark| text.contains(mark));
        let numbered = impl_around(head, &source).into_iter().chain(lines);
        let numbered = numbered.map(|n| (n + 1, source[n]));
        let line = |(number, text)| Line { number, text, is_marked: is_marked(text) };
        Ok(numbered.map(line).collect())
    }
}

/// The first line of the `impl` that has the method with this first line; `None` for a function.
fn impl_around(head: usize, source: &[&str]) -> Option<usize> {
    let is_method = source[head].starts_with(' ');
    let found = source[..head].iter().rposition(|line| line.starts_with("impl"));
    found.filter(|_| is_method)
}

/// The lines of the function, from its comment to its last brace, which is in the column of its first line.
fn lines_around(head: usize, source: &[&str]) -> Range<usize> {
    let indent = source[head].len() - source[head].trim_start().len();
    let is_comment = |line: &&&str| line.trim_start().starts_with("///");
    let comments = source[..head].iter().rev().take_while(is_comment).count();
    let is_end = |line: &&str| line.len() == indent + 1 && line.ends_with('}');
    let end = source[head..].iter().position(is_end).unwrap_or_default();
    head - comments..head + end + 1
}
