//! A strict parser of the header `Forwarded` (RFC 7239): `for=192.0.2.60;proto=https, for="[2001:db8::1]"`.
//!
//! A client can send the beginning of a line to which the proxy appends. A quote that is open there must not
//! hide what the proxy says. No maintained crate is as strict. `proxy.rs` decides what an element means.

/// The most pairs of one element. The RFC has four names.
const MAX_PAIRS: usize = 8;

/// The white space of HTTP.
const BLANKS: [char; 2] = [' ', '\t'];

/// The part of one proxy: pairs of a name in lower case and a value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element(Vec<(String, String)>);

impl Element {
    /// The value of a parameter, such as `for`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Adds a pair. `None` when the name is no token or occurs twice, or when there are too many pairs.
    fn add(&mut self, name: &str, value: String) -> Option<()> {
        let name = name.to_ascii_lowercase();
        let is_token = !name.is_empty() && name.chars().all(is_token_character);
        let is_new = self.get(&name).is_none() && self.0.len() < MAX_PAIRS;
        (is_token && is_new).then(|| self.0.push((name, value)))
    }
}

/// The elements of one header line, in order. `None` when the line cannot be parsed to its end.
pub(super) fn parse(line: &str) -> Option<Vec<Element>> {
    let mut elements = vec![];
    let mut element = Element::default();
    let mut rest = line.trim_start_matches(BLANKS);
    loop {
        if !rest.is_empty() && !rest.starts_with([',', ';']) {
            let (name, after) = rest.split_once('=')?;
            let (value, after) = read_value(after)?;
            element.add(name, value)?;
            rest = after.trim_start_matches(BLANKS);
        }
        let end = rest.chars().next();
        match end {
            None | Some(',') => elements.push(std::mem::take(&mut element)),
            Some(';') => {}
            Some(_) => return None,
        }
        let Some(end) = end else { break };
        rest = rest[end.len_utf8()..].trim_start_matches(BLANKS);
    }
    // A list may have empty elements (RFC 9110, section 5.6.1).
    elements.retain(|element| !element.0.is_empty());
    Some(elements)
}

/// A value, and the rest of the text. An IPv6 address should be quoted, but some proxies do not do that.
fn read_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let is_of_value = |c: char| is_token_character(c) || "[]:".contains(c);
        let end = text.find(|c| !is_of_value(c)).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_owned(), &text[end..]));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((index, character)) = characters.next() {
        match character {
            '"' => return Some((value, &quoted[index + 1..])),
            '\\' => value.push(characters.next()?.1),
            _ => value.push(character),
        }
    }
    None
}

/// Whether a character may be in a token (RFC 9110, section 5.6.2).
fn is_token_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(line: &str) -> Option<Vec<Option<String>>> {
        let own = |element: &Element| element.get("for").map(str::to_owned);
        Some(parse(line)?.iter().map(own).collect())
    }

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let check = |line: &str, expected: &[&str]| {
            let expected = expected.iter().map(|text| Some((*text).to_owned())).collect();
            assert_eq!(clients(line), Some(expected), "{line}");
        };
        check("for=\"_gazonk\"", &["_gazonk"]);
        check("For=\"[2001:db8:cafe::17]:4711\"", &["[2001:db8:cafe::17]:4711"]);
        check("for=192.0.2.60;proto=http;by=203.0.113.43", &["192.0.2.60"]);
        check("for=192.0.2.43, for=198.51.100.17", &["192.0.2.43", "198.51.100.17"]);
        check("for=_hidden, for=_SEVKISEK", &["_hidden", "_SEVKISEK"]);
    }

    #[test]
    fn blanks_empty_elements_and_escapes_are_no_hindrance() {
        let elements = parse(" ,\tFOR = x").map_or(0, |list| list.len());
        assert_eq!(elements, 0, "no blank may stand before the =");
        assert_eq!(parse(" , for=a ; Proto=HTTPS ;, ,").unwrap().len(), 1);
        assert_eq!(parse("proto=https;for=a").unwrap()[0].get("proto"), Some("https"));
        assert_eq!(parse(r#"host="a\"b,c;d";for=e"#).unwrap()[0].get("host"), Some("a\"b,c;d"));
        assert_eq!(
            clients("for=[2001:db8::1]:80"),
            Some(vec![Some("[2001:db8::1]:80".to_owned())])
        );
        assert_eq!(clients("by=a"), Some(vec![None]));
        assert_eq!(parse(""), Some(vec![]));
    }

    #[test]
    fn a_line_that_cannot_be_read_to_its_end_is_none() {
        for line in [
            "for=\"open, for=192.0.2.1",
            "for=x;a=\", for=\"192.0.2.1\"",
            "for=\"a\"b",
            "for=a b",
            "for=a;for=b",
            "for=a;FOR=b",
            "for=",
            "for",
            "=a",
            "for=\"a\\",
            "for=\u{e9}",
            "f r=a",
            "a=1;b=1;c=1;d=1;e=1;f=1;g=1;h=1;i=1",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }
}
