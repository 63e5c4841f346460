//! Finds out what the client accepts: a page or JSON, and gzip or not. Makes the JSON of an error.
//!
//! Rocket's `Request::accept` is not used. It keeps a copy of the whole header for each media type in it. A
//! header of 100 KB takes gigabytes (`rocket_http` 0.5, `parse/media_type.rs`).

use rocket::Request;
use rocket::http::Status;
use rocket::response::{self, Responder as _};
use rocket::serde::json::{Json, json};

/// The most bytes of the header that are read. Browsers send about 150.
const MAX_LENGTH: usize = 1_024;

/// Whether the client prefers JSON, such as `curl -H 'Accept: application/json'`.
pub(super) fn prefers_json(request: &Request<'_>) -> bool {
    request.headers().get_one("accept").is_some_and(is_json_first)
}

/// Whether the client can decompress gzip (RFC 9110, section 12.5.3).
pub(super) fn accepts_gzip(request: &Request<'_>) -> bool {
    let lines: Vec<&str> = request.headers().get("accept-encoding").collect();
    is_gzip_accepted(&lines.join(","))
}

/// The response to a failed request, as JSON: `{"error": {"code", "reason"}}`.
pub(super) fn json_error(request: &Request<'_>, status: Status) -> response::Result<'static> {
    let error = json!({ "code": status.code, "reason": status.reason_lossy() });
    let mut response = Json(json!({ "error": error })).respond_to(request)?;
    response.set_status(status);
    Ok(response)
}

/// Whether the media type with the highest weight is JSON. Among equal weights, the most specific type
/// counts, then the first (RFC 9110, section 12.5.1).
fn is_json_first(header: &str) -> bool {
    let header = header.get(..MAX_LENGTH).unwrap_or(header);
    if header.len() > MAX_LENGTH {
        return false; // Byte 1,024 is inside a character, and media types are ASCII.
    }
    let mut best = ("", (0.0, 0));
    for range in header.split(',') {
        let (media_type, parameters) = range.split_once(';').unwrap_or((range, ""));
        let rank = (weight(parameters), specificity(media_type.trim()));
        if rank.0 > 0.0 && rank > best.1 {
            best = (media_type.trim(), rank);
        }
    }
    best.0.eq_ignore_ascii_case("application/json")
}

/// Whether gzip has a weight over 0. `*` stands for each coding that is not in the list.
fn is_gzip_accepted(header: &str) -> bool {
    let weight_of = |wanted: &str| {
        header.split(',').find_map(|coding| {
            let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim().eq_ignore_ascii_case(wanted).then(|| weight(parameters))
        })
    };
    weight_of("gzip").or_else(|| weight_of("*")).is_some_and(|weight| weight > 0.0)
}

/// The parameter `q`, from 0 to 1. Without a valid one, the weight is 1.
fn weight(parameters: &str) -> f32 {
    let parameters = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let mut weights = parameters.filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"));
    let weight = weights.next().and_then(|(_, value)| value.trim().parse::<f32>().ok());
    weight.filter(|weight| (0.0..=1.0).contains(weight)).unwrap_or(1.0)
}

fn specificity(media_type: &str) -> u8 {
    match media_type.split_once('/') {
        Some(("*", _)) | None => 0,
        Some((_, "*")) => 1,
        Some(_) => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_preferred_when_nothing_else_weighs_more() {
        let check = |header: &str, expected: bool| {
            assert_eq!(is_json_first(header), expected, "{header}");
        };
        check("application/json", true);
        check("Application/JSON", true);
        check("application/json, text/html;q=0.9", true);
        check("*/*, application/json", true);
        check("application/*, application/json", true);
        check("text/html;q=0.5, application/json;q=0.8", true);
        check("text/html, application/json", false);
        check("text/html, application/json;q=0.9, */*;q=0.8", false);
        check("application/json;q=0", false);
        check("application/json;q=7, text/html;q=0.9", true);
        check("application/json2", false);
        check("*/*", false);
        check("", false);
        check(",;=,q", false);
        check("\u{e9}\u{e9}", false);
    }

    #[test]
    fn gzip_is_accepted_when_it_weighs_more_than_nothing() {
        let check = |header: &str, expected: bool| {
            assert_eq!(is_gzip_accepted(header), expected, "{header}");
        };
        check("gzip", true);
        check("GZip", true);
        check("gzip, deflate, br, zstd", true);
        check("br;q=1.0,gzip ; q=0.001", true);
        check("*", true);
        check("*;q=0, gzip", true);
        check("gzip;q=0", false);
        check("gzip; Q=0.000, *", false);
        check("identity, *;q=0", false);
        check("deflate, br", false);
        check("gzipped", false);
        check("identity", false);
        check("", false);
        check(",;=,q", false);
    }

    #[test]
    fn of_a_long_header_the_beginning_is_read() {
        assert!(is_json_first(&format!("application/json,{}", "a/b;q=0.1,".repeat(40_000))));
        assert!(!is_json_first(&format!("{}application/json", "a/b;q=0.1,".repeat(40_000))));
        assert!(!is_json_first(&"\u{1f9e5}".repeat(1_000)));
    }
}
