//! The response 405 to a known address with a wrong method. The header `Allow` lists the right methods.
//!
//! Rocket responds with 404 instead. Its table of routes has the methods of each address, so a new route
//! needs no entry here. `error.rs` uses this file.

use percent_encoding::percent_decode_str;
use rocket::Request;
use rocket::http::Method;

/// The methods of the requested address, as `Allow` lists them. `None` if no route has the address, or if a
/// route accepts the method.
pub(super) fn allowed_instead(request: &Request<'_>) -> Option<String> {
    let path = segments(request.uri().path().as_str());
    let mut methods: Vec<Method> = request
        .rocket()
        .routes()
        .filter(|route| matches(route.uri.path(), &path))
        .map(|route| route.method)
        .collect();
    if methods.contains(&Method::Get) {
        methods.push(Method::Head); // Rocket responds to it as to a GET.
    }
    if methods.is_empty() || methods.contains(&request.method()) {
        return None;
    }
    let mut names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    Some(names.join(", "))
}

/// Whether a route responds to a GET of the requested address.
pub(super) fn has_page(request: &Request<'_>) -> bool {
    let path = segments(request.uri().path().as_str());
    let mut routes = request.rocket().routes();
    routes.any(|route| route.method == Method::Get && matches(route.uri.path(), &path))
}

/// The parts of an address, decoded as Rocket decodes them. Rocket ignores empty parts as well.
fn segments(path: &str) -> Vec<String> {
    let parts = path.split('/').filter(|part| !part.is_empty());
    parts.map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned()).collect()
}

/// Whether a route matches a path, by the rules of Rocket. `<name>` is one part, and `<name..>` is all that
/// follow.
fn matches(route: &str, path: &[String]) -> bool {
    let parts: Vec<&str> = route.split('/').filter(|part| !part.is_empty()).collect();
    let has_rest = parts.last().is_some_and(|part| part.ends_with("..>"));
    let is_long_enough = match has_rest {
        true => path.len() + 1 >= parts.len(),
        false => path.len() == parts.len(),
    };
    let is_same = |(part, segment): (&&str, &String)| {
        part.starts_with('<') && part.ends_with('>') || part == segment
    };
    is_long_enough && parts.iter().zip(path).all(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_matched_as_rocket_matches_it() {
        let check = |route: &str, path: &str, expected: bool| {
            assert_eq!(matches(route, &segments(path)), expected, "{route} {path}");
        };
        check("/", "/", true);
        check("/", "/login", false);
        check("/login", "/login", true);
        check("/login", "/log%69n", true);
        check("/login", "/login/", true);
        check("/login", "//login", true);
        check("/account/sessions/<handle>/revoke", "/account/sessions/abc/revoke", true);
        check("/account/sessions/<handle>/revoke", "/account/sessions/a/b/revoke", false);
        check("/account/sessions/<handle>/revoke", "/account/sessions/revoke", false);
        check("/static/<path..>", "/static", true);
        check("/static/<path..>", "/static/css/base.css", true);
        check("/static/<path..>", "/other/css", false);
        check("/static/<path..>", "/", false);
    }
}
