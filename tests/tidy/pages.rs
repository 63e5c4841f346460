//! Pages: each has a template and a test, and each template obeys the content security policy.

use super::code::Name;
use super::graph::Violation;
use super::sources::{Sources, hold};

const VERBS: [&str; 8] = ["get", "post", "put", "delete", "head", "options", "patch", "route"];

/// What the content security policy forbids, or Tera would not escape.
const FORBIDDEN: [&str; 9] = [
    "<style",
    " style=",
    " onclick=",
    " onsubmit=",
    " onload=",
    "javascript:",
    "http://",
    "https://",
    "| safe",
];

fn nothing_inline(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (name, text) in sources.files("templates/", ".tera") {
        if !name.ends_with(".html.tera") {
            found.push(format!("{name}: only *.html.tera is escaped"));
        }
        for word in FORBIDDEN.iter().filter(|word| text.contains(**word)) {
            found.push(format!("{name} has `{word}`: the content security policy forbids it"));
        }
        for word in ["<script", "stylesheet"].iter().filter(|word| text.contains(**word)) {
            found.push(format!("{name} has `{word}`: list the file in src/web/assets.rs instead"));
        }
    }
    found
}

fn a_template_each(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (file, code) in sources.app() {
        let renders =
            |name: &&Name| name.last() == "render" && (name.is_member || name.path.len() > 1);
        for name in code.names.iter().filter(renders) {
            let template = name.argument.as_ref().map(|name| format!("templates/{name}.html.tera"));
            if let Some(template) = template.filter(|file| !sources.texts.contains_key(file)) {
                found.push(format!("{file}:{}: there is no {template}", name.line));
            }
        }
    }
    found
}

fn a_test_each(sources: &Sources) -> Vec<Violation> {
    let tests = sources.rust.iter().filter(|(name, _)| name.starts_with("tests/app/"));
    let texts: Vec<&String> =
        tests.flat_map(|(_, test)| &test.texts).map(|(_, text)| text).collect();
    let mut found = vec![];
    for (file, code) in sources.app().iter().filter(|(file, _)| file.starts_with("src/web/")) {
        let routes = code.attributes.iter().filter(|one| VERBS.contains(&one.name.as_str()));
        for route in routes {
            let path = route.texts.iter().find(|text| text.starts_with('/'));
            let path = path.map_or("", String::as_str).split('?').next().unwrap_or_default();
            if !texts.iter().any(|text| asks_for(text, path)) {
                found
                    .push(format!("{file}:{}: no test in tests/app asks for `{path}`", route.line));
            }
        }
    }
    found
}

/// Does this text of a test hold an address of the route? `<id>` stands for any part, and so does `{id}` in a
/// text that is formatted.
fn asks_for(text: &str, route: &str) -> bool {
    let address = text.split(['?', ' ', '\r', '\n', '#']).find(|part| part.contains('/'));
    let Some((_, address)) = address.and_then(|address| address.split_once('/')) else {
        return false;
    };
    let address: Vec<&str> = address.split('/').collect();
    let route: Vec<&str> = route.trim_start_matches('/').split('/').collect();
    let fits =
        |(asked, part): (&&str, &&str)| asked == part || part.starts_with('<') && !asked.is_empty();
    address.len() == route.len() && address.iter().zip(&route).all(fits)
}

#[test]
fn every_template_is_escaped_and_has_nothing_inline() {
    let red = [
        vec![("templates/a.tera", "<p>")],
        vec![("templates/a.html.tera", "<p style=\"a\">")],
        vec![("templates/a.html.tera", "{{ name | safe }}")],
        vec![("templates/a.html.tera", "<script>a()</script>")],
        vec![(
            "templates/a.html.tera",
            "<script type=\"module\" src=\"/static/js/a.js\"></script>",
        )],
        vec![("templates/a.html.tera", "<link rel=\"stylesheet\" href=\"/static/css/a.css\">")],
    ];
    let green = [vec![("templates/a.html.tera", "{% include \"assets\" %}")]];
    hold(nothing_inline, &red, &green);
}

#[test]
fn every_page_has_a_template() {
    let red = [
        vec![("src/web/a.rs", "fn a() { page.render(\"a\", context! {}) }")],
        vec![("src/web/a.rs", "fn a() { page\n.render::<B>(\n\"a\", b) }")],
        vec![("src/teach/a.rs", "fn a() { vec![Page::render(page, \"a\")] }")],
    ];
    let green = [
        vec![("src/web/a.rs", "fn a() { page.render(\"a\") }"), ("templates/a.html.tera", "")],
        vec![("src/web/a.rs", "// page.render(\"b\")\n#[cfg(test)] fn a() { page.render(\"c\") }")],
    ];
    hold(a_template_each, &red, &green);
}

#[test]
fn every_page_has_a_test() {
    let page = |route| ("src/web/a.rs", route);
    let test = |text| ("tests/app/a.rs", text);
    let red = [
        vec![page("#[get(\"/a\")] fn a() {}"), test("// \"/a\"\nfn b() {}")],
        vec![
            page("#[rocket::post(\"/a\", data = \"<b>\")] fn a() {}"),
            test("const A: &str = \"/ab\";"),
        ],
        vec![page("#[route(GET, uri = \"/a\")] fn a() {}")],
        vec![page("#[get(\"/a/<b>/c\")] fn a() {}"), test("fn a() { get(\"/a/1\") }")],
        vec![page("#[get(\"/\")] fn a() {}"), test("fn a() { get(\"/a\") }")],
        vec![
            page("#[ get ( r\"/a?<b>\" ) ] fn a() {}"),
            ("tests/teach/a.rs", "fn a() { get(\"/a\") }"),
        ],
    ];
    let green = [
        vec![page("#[get(\"/a?<b>\")] fn a() {}"), test("#[test] fn a() { get(\"/a?b=1\") }")],
        vec![
            page("#[get(\"/a/<b>/c\")] fn a() {}"),
            test("fn a() { get(format!(\"{X}/a/{b}/c\")) }"),
        ],
        vec![page("#[get(\"/a\")] fn a() {}"), test("fn a() { b!(\"GET /a HTTP/1.1\\r\\n\") }")],
        vec![page("#[cfg(test)] mod tests { #[get(\"/a\")] fn a() {} }")],
    ];
    hold(a_test_each, &red, &green);
}
