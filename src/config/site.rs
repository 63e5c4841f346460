//! `[default.site]` of Rocket.toml: who runs this site, how to reach them, and where the source code is.
//!
//! Pages show these values to every visitor, some of them as links. So each value is checked when it is read:
//! a link can only be an email address or https, never `javascript:`.

use rocket::http::uri::{Absolute, Authority};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// The values of `[default.site]`. None has a default: only the operator knows them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SiteConfig {
    /// The person or organisation that runs this site.
    #[serde(deserialize_with = "operator")]
    pub operator: Option<String>,
    /// The email address or the https address at which visitors reach the operator.
    #[serde(deserialize_with = "contact")]
    pub contact: Option<String>,
    /// The URI at which the operator takes reports of security faults, for `security.txt` (RFC 9116).
    #[serde(deserialize_with = "security_contact")]
    pub security_contact: Option<String>,
    /// The https address of the source code.
    #[serde(deserialize_with = "source")]
    pub source: Option<String>,
}

impl SiteConfig {
    /// The address of a link to `contact`.
    pub fn contact_link(&self) -> Option<String> {
        let contact = self.contact.as_ref()?;
        Some(if is_https(contact) { contact.clone() } else { format!("mailto:{contact}") })
    }
}

/// The most characters of a name. A longer one would fill the footer of a phone.
const MAX_NAME: usize = 100;

/// The most bytes of an address.
const MAX_ADDRESS: usize = 300;

fn operator<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let is_name = |text: &str| {
        let length = text.chars().count();
        !text.trim().is_empty() && length <= MAX_NAME && !text.contains(char::is_control)
    };
    checked(from, is_name, "must be a text of 1 to 100 characters, in one line")
}

fn contact<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let is_contact = |text: &str| is_email(text) || is_https(text);
    let why = "must be an email address such as \"help@example.org\", or an address that begins with https://";
    checked(from, is_contact, why)
}

fn security_contact<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    let is_contact = |text: &str| {
        let mail = text.strip_prefix("mailto:").is_some_and(is_email);
        mail || is_https(text) || text.strip_prefix("tel:").is_some_and(is_number)
    };
    checked(from, is_contact, "must begin with mailto:, https:// or tel:, and be a valid address")
}

fn source<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    checked(from, is_https, "must be an address that begins with https://")
}

fn checked<'de, D: Deserializer<'de>>(
    from: D,
    is_valid: impl Fn(&str) -> bool,
    why: &str,
) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(from)?;
    if is_valid(&text) { Ok(Some(text)) } else { Err(D::Error::custom(why)) }
}

/// Whether this is an email address without the rare characters that a `mailto:` link would have to escape.
fn is_email(text: &str) -> bool {
    let is_part = |part: &str, signs: &str| {
        let is_one = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
        !part.is_empty() && part.chars().all(is_one)
    };
    let parts = text.split_once('@').filter(|_| text.len() <= MAX_ADDRESS);
    parts.is_some_and(|(name, host)| is_part(name, ".+-_'") && is_part(host, ".-"))
}

/// Whether this is an https address with a host. The parser rejects white space and control characters.
fn is_https(text: &str) -> bool {
    let parsed = Absolute::parse(text).ok().filter(|_| text.len() <= MAX_ADDRESS);
    let host = parsed.as_ref().and_then(|uri| uri.authority()).map(Authority::host);
    text.starts_with("https://") && host.is_some_and(|host| !host.is_empty())
}

/// Whether this is a telephone number, as RFC 3966 writes it.
fn is_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_one = |c: char| c.is_ascii_digit() || "+-.()".contains(c);
    (3..=20).contains(&digits) && text.len() <= MAX_ADDRESS && text.chars().all(is_one)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(key: &str, value: &str) -> Result<SiteConfig, String> {
        serde_json::from_value(serde_json::json!({ key: value })).map_err(|error| error.to_string())
    }

    #[test]
    fn only_values_that_a_page_can_show_are_accepted() {
        let good = [
            ("operator", "Städtisches Gymnasium, Kurs 9b"),
            ("contact", "help@example.org"),
            ("contact", "it.support+login@school.example.org"),
            ("contact", "https://example.org/contact?from=login"),
            ("security_contact", "mailto:security@example.org"),
            ("security_contact", "https://example.org/security"),
            ("security_contact", "tel:+49-30-1234567"),
            ("source", "https://example.org/cloakroom.git"),
        ];
        for (key, value) in good {
            assert!(read(key, value).is_ok(), "{key} = {value:?}");
        }
        let long = format!("https://example.org/{}", "a".repeat(MAX_ADDRESS));
        let bad = [
            ("operator", ""),
            ("operator", "  "),
            ("operator", "a\nb"),
            ("operator", "a\u{1b}[31mb"),
            ("operator", &*"a".repeat(MAX_NAME + 1)),
            ("contact", ""),
            ("contact", "help"),
            ("contact", "@example.org"),
            ("contact", "help@"),
            ("contact", "a@b@c"),
            ("contact", "a b@example.org"),
            ("contact", "help@example.org?cc=evil@example.org"),
            ("contact", "javascript:alert(1)"),
            ("contact", "javascript:alert(1)//@x"),
            ("contact", "http://example.org"),
            ("contact", "mailto:help@example.org"),
            ("contact", "https://"),
            ("contact", "https:evil"),
            ("contact", "https://a b"),
            ("contact", "https://example.org/\r\nx"),
            ("contact", &long),
            ("security_contact", "security@example.org"),
            ("security_contact", "mailto:"),
            ("security_contact", "tel:"),
            ("security_contact", "tel:ring me"),
            ("security_contact", "JavaScript:alert(1)"),
            ("security_contact", "https://example.org\nExpires: never"),
            ("source", "git@example.org:cloakroom.git"),
            ("source", "javascript:alert(1)"),
            ("source", "data:text/html,x"),
        ];
        for (key, value) in bad {
            assert!(read(key, value).is_err(), "{key} = {value:?}");
        }
    }

    #[test]
    fn an_email_address_becomes_a_link_that_opens_a_mail() {
        let link = |value: &str| read("contact", value).unwrap().contact_link();
        assert_eq!(link("help@example.org").as_deref(), Some("mailto:help@example.org"));
        assert_eq!(link("https://example.org").as_deref(), Some("https://example.org"));
        assert_eq!(SiteConfig::default().contact_link(), None);
    }
}
