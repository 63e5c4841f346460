//! The ID under which a trusted proxy has the request in its log.
//!
//! With the same ID, lines of both logs can be joined. A proxy may pass on what the client has sent, so a
//! client may be able to choose the ID. Therefore it is for the log and for error pages alone.

use rocket::Request;

/// The most characters of an ID. A UUID has 36.
const LONGEST: usize = 128;

/// The request's ID, if the request comes from a trusted proxy: `X-Request-Id`, otherwise the trace ID of
/// `traceparent` ([W3C Trace Context](https://www.w3.org/TR/trace-context/#traceparent-header)).
pub fn request_id_of_proxy(request: &Request<'_>) -> Option<String> {
    super::trusted(request)?;
    let only = |name| {
        let mut values = request.headers().get(name);
        values.next().filter(|_| values.next().is_none())
    };
    let id = only("x-request-id").filter(|id| is_id(id));
    id.or_else(|| only("traceparent").and_then(trace_id)).map(str::to_owned)
}

/// Whether a text has the form of an ID. It stands in lines of the log without quotes.
fn is_id(text: &str) -> bool {
    let is_allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// The trace ID, which all requests for one action of a user share.
fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.split('-');
    let (version, trace, parent, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
    };
    let is_valid =
        is_hex(version, 2) && is_hex(trace, 32) && is_hex(parent, 16) && is_hex(flags, 2);
    let is_zero = |text: &str| text.bytes().all(|c| c == b'0');
    // Only later versions may have more parts.
    let is_known = version != "ff" && (version != "00" || parts.next().is_none());
    (is_valid && is_known && !is_zero(trace) && !is_zero(parent)).then_some(trace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_short_and_plain() {
        for id in ["7", "kBq0pHzN1vQ3", "0af7651916cd43dd8448eb211c80319c", "a.b_c-D"] {
            assert!(is_id(id), "{id}");
        }
        let long = "x".repeat(LONGEST + 1);
        for text in ["", "a b", "a=b", "a\"", "é", "a,b", "a\u{2028}", &long] {
            assert!(!is_id(text), "{text}");
        }
    }

    #[test]
    fn a_trace_id_is_that_of_a_valid_traceparent() {
        let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
        let check = |text: String, is_valid: bool| {
            assert_eq!(trace_id(&text), is_valid.then_some(trace), "{text}");
        };
        check(format!("00-{trace}-{parent}-01"), true);
        check(format!("01-{trace}-{parent}-00-later"), true);
        for wrong in ["", "00", trace, "00-0af7-b7ad-01"] {
            check(wrong.to_owned(), false);
        }
        check(format!("00-{trace}-{parent}-01-more"), false);
        check(format!("ff-{trace}-{parent}-01"), false);
        check(format!("00-{trace}-{parent}"), false);
        check(format!("00-{}-{parent}-01", trace.to_uppercase()), false);
        check(format!("00-{trace}-{}-01", "0".repeat(16)), false);
        assert_eq!(trace_id(&format!("00-{}-{parent}-01", "0".repeat(32))), None);
    }
}
