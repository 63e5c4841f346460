//! What a Rust file names, read from its tokens. Arguments of macros count. Comments, texts and test code do
//! not. The tests of the app use this file as well.

use std::collections::BTreeMap;

use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Meta, Token};

/// A path such as `crate::a::b`, a method's or field's name, or a single word.
#[derive(Clone, Debug)]
pub struct Name {
    pub path: Vec<String>,
    /// The modules inside the file that enclose it.
    pub inline: Vec<String>,
    pub line: usize,
    /// It stands behind a dot.
    pub is_member: bool,
    pub is_called: bool,
    /// The first text among its arguments.
    pub argument: Option<String>,
}

impl Name {
    pub fn last(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

/// An attribute outside test code: `#[get("/")]` has the name `get` and one text.
#[derive(Clone, Debug)]
pub struct Attribute {
    pub name: String,
    pub line: usize,
    pub texts: Vec<String>,
}

/// What stands in a file outside its tests.
#[derive(Clone, Debug, Default)]
pub struct Code {
    pub names: Vec<Name>,
    /// What a `use` brings in, by the name that it has in this file.
    pub imports: BTreeMap<String, Name>,
    pub attributes: Vec<Attribute>,
    /// Texts with their lines, but not those of attributes.
    pub texts: Vec<(usize, String)>,
}

/// Longer rows of `use` are a circle: `use time::time`.
const MAX_STEPS: usize = 8;

impl Code {
    /// The name with what `use` made its first word stand for.
    pub fn expanded(&self, name: &Name) -> Name {
        let mut name = name.clone();
        for _ in 0..MAX_STEPS {
            match self.imports.get(&name.path[0]) {
                Some(import) if !name.is_member && import.path[0] != name.path[0] => {
                    let path = [&import.path[..], &name.path[1..]].concat();
                    name = Name { path, inline: import.inline.clone(), ..name };
                }
                _ => break,
            }
        }
        name
    }

    pub fn of(file: TokenStream) -> Self {
        let mut code = Self::default();
        code.walk(file, &[]);
        code
    }

    fn walk(&mut self, tokens: TokenStream, inline: &[String]) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            at += self.step(&tokens, at, inline);
        }
    }

    /// Reads what begins at this token, and returns its length in tokens.
    fn step(&mut self, tokens: &[TokenTree], at: usize, inline: &[String]) -> usize {
        use TokenTree::{Group, Ident};
        match &tokens[at..] {
            [hash, bang, Group(group), ..] if is(hash, '#') && is(bang, '!') => {
                if is_test(group.stream()) {
                    return tokens.len() - at; // #![cfg(test)]
                }
                self.attribute(group.stream(), inline);
                3
            }
            [hash, Group(group), rest @ ..] if is(hash, '#') => {
                if is_test(group.stream()) {
                    return 2 + item_length(rest);
                }
                self.attribute(group.stream(), inline);
                2
            }
            [Ident(word), Ident(name), Group(body), ..] if word == "mod" => {
                let inline = [inline, &[name.to_string()]].concat();
                self.walk(body.stream(), &inline);
                3
            }
            [Ident(word), rest @ ..] if word == "use" => {
                let leading = if is_path_separator(rest) { 2 } else { 0 };
                1 + leading + self.path(&rest[leading..], vec![], inline, true)
            }
            [dot, next, ..] if is(dot, '.') && is(next, '.') => 2,
            [dot, Ident(name), rest @ ..] if is(dot, '.') => {
                let line = name.span().start().line;
                self.name(vec![plain(name)], inline, line, rest);
                self.names.last_mut().expect("just added").is_member = true;
                2
            }
            // The `::with_options` of `<Client>::with_options`.
            [_, _, Ident(_), ..] if is_path_separator(&tokens[at..]) => {
                let is_qualified = at > 0 && is(&tokens[at - 1], '>');
                let prefix = if is_qualified { vec!["?".to_owned()] } else { vec![] };
                2 + self.path(&tokens[at + 2..], prefix, inline, false)
            }
            [Ident(_), ..] => self.path(&tokens[at..], vec![], inline, false),
            [Group(group), ..] => {
                self.walk(group.stream(), inline);
                1
            }
            [TokenTree::Literal(literal), ..] => {
                self.texts.extend(text(literal));
                1
            }
            _ => 1,
        }
    }

    /// Reads `a::b`, and of a `use` the whole tree. Returns its length in tokens.
    fn path(
        &mut self,
        tokens: &[TokenTree],
        mut path: Vec<String>,
        inline: &[String],
        is_use: bool,
    ) -> usize {
        let line = tokens.first().map_or(0, line);
        let mut at = 0;
        loop {
            match &tokens[at..] {
                [TokenTree::Ident(word), ..] => path.push(plain(word)),
                [TokenTree::Group(tree), ..] if is_use && tree.delimiter() == Delimiter::Brace => {
                    let branches: Vec<TokenTree> = tree.stream().into_iter().collect();
                    for branch in branches.split(|token| is(token, ',')) {
                        self.path(branch, path.clone(), inline, true);
                    }
                    return at + 1;
                }
                [star, ..] if is_use && is(star, '*') => path.push("*".to_owned()),
                _ => break,
            }
            at += 1;
            let goes_on = matches!(tokens.get(at + 2), Some(TokenTree::Ident(_)))
                || is_use && tokens.get(at + 2).is_some();
            if !(is_path_separator(&tokens[at..]) && goes_on) {
                break;
            }
            at += 2;
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let Some(last) = path.last().cloned() else { return at.max(1) };
        self.name(path, inline, line, &tokens[at..]);
        if is_use {
            let alias = match &tokens[at..] {
                [TokenTree::Ident(word), TokenTree::Ident(alias), ..] if word == "as" => {
                    plain(alias)
                }
                _ => last,
            };
            let import = self.names.last().cloned();
            self.imports.extend(import.map(|import| (alias, import)));
        }
        at
    }

    fn name(&mut self, path: Vec<String>, inline: &[String], line: usize, after: &[TokenTree]) {
        let is_turbofish = is_path_separator(after);
        let arguments = match after {
            [TokenTree::Group(group), ..] => Some(group),
            _ if !is_turbofish => None,
            after => after.iter().find_map(|token| match token {
                TokenTree::Group(group) => Some(group),
                _ => None,
            }),
        };
        let arguments = arguments.filter(|group| group.delimiter() == Delimiter::Parenthesis);
        let argument = arguments.and_then(|group| {
            group.stream().into_iter().find_map(|token| match token {
                TokenTree::Literal(literal) => Some(text(&literal)?.1),
                _ => None,
            })
        });
        let (inline, is_called) = (inline.to_owned(), is_turbofish || arguments.is_some());
        self.names.push(Name { path, inline, line, is_member: false, is_called, argument });
    }

    fn attribute(&mut self, tokens: TokenStream, inline: &[String]) {
        let line = tokens.clone().into_iter().next().map_or(0, |token| line(&token));
        let (first_name, first_text) = (self.names.len(), self.texts.len());
        self.walk(tokens, inline);
        let name = self.names.get(first_name).map_or("", Name::last).to_owned();
        let texts: Vec<String> =
            self.texts.split_off(first_text).into_iter().map(|(_, text)| text).collect();
        if name == "doc" {
            return;
        }
        // Serde takes paths as texts: #[serde(with = "crate::a")].
        for text in texts.iter().filter(|text| text.contains("::")) {
            if let Ok(path) = syn::parse_str::<syn::Path>(text) {
                let path = path.segments.iter().map(|segment| plain(&segment.ident)).collect();
                self.name(path, inline, line, &[]);
            }
        }
        self.attributes.push(Attribute { name, line, texts });
    }
}

/// What a literal says, with its line.
pub fn text(literal: &Literal) -> Option<(usize, String)> {
    let line = literal.span().start().line;
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Str(text) => Some((line, text.value())),
        syn::Lit::ByteStr(text) => {
            Some((line, String::from_utf8_lossy(&text.value()).into_owned()))
        }
        _ => None,
    }
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

fn is(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

fn is_path_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [one, two, ..] if is(one, ':') && is(two, ':'))
}

fn plain(word: &proc_macro2::Ident) -> String {
    word.to_string().trim_start_matches("r#").to_owned()
}

/// Is what has this attribute there in tests alone?
fn is_test(attribute: TokenStream) -> bool {
    let Ok(meta) = syn::parse2::<Meta>(attribute) else { return false };
    let names_test = |name: &proc_macro2::Ident| name == "test" || name == "async_test";
    match &meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            list.parse_args().is_ok_and(|predicate| implies_test(&predicate))
        }
        meta => meta.path().segments.last().is_some_and(|last| names_test(&last.ident)),
    }
}

fn implies_test(predicate: &Meta) -> bool {
    let Meta::List(list) = predicate else { return predicate.path().is_ident("test") };
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated);
    let parts = parts.map(Vec::from_iter).unwrap_or_default();
    if list.path.is_ident("all") {
        parts.iter().any(implies_test)
    } else {
        list.path.is_ident("any") && !parts.is_empty() && parts.iter().all(implies_test)
    }
}

/// How many tokens belong to the item, statement, field, arm or variant at their head.
fn item_length(tokens: &[TokenTree]) -> usize {
    let kinds: [fn(ParseStream<'_>) -> syn::Result<()>; 5] = [
        |input| input.parse::<syn::Item>().map(drop),
        |input| input.parse::<syn::Stmt>().map(drop),
        |input| syn::Field::parse_named(input).map(drop),
        |input| input.parse::<syn::Arm>().map(drop),
        |input| input.parse::<syn::Variant>().map(drop),
    ];
    let rest = |kind: &fn(ParseStream<'_>) -> syn::Result<()>| {
        let skip = |input: ParseStream<'_>| kind(input).and_then(|()| input.parse::<TokenStream>());
        skip.parse2(tokens.iter().cloned().collect()).ok()
    };
    kinds.iter().find_map(rest).map_or(0, |rest| tokens.len() - rest.into_iter().count())
}
