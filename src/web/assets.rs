//! The style sheet, the script and the icons of all pages. Most addresses have a hash of the content.
//!
//! The sources in `static/` are many small files, because these are easier to read. At the start, this file
//! joins them into one style sheet and one script, and compresses these and the icon. So a page needs four
//! requests.
//!
//! A changed file gets another address, so browsers may keep each file for a year. The template `assets` has
//! the addresses as plain text, so no page computes them. Rocket's `FileServer` serves the sources, at
//! addresses such as `/static/css/base.css`.
//!
//! Two icons have fixed addresses, `/favicon.ico` and `/apple-touch-icon.png`, where programs ask for them
//! without reading a page. Both are drawn from `favicon.svg`: the first with 16 and 32 px, the second with
//! 180 px and a background.

use std::io::{self, Cursor, Write as _};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use rocket::http::ContentType;
use rocket::request::FromParam;
use rocket::response::{self, Responder};
use rocket::{Request, Response, Route, State, get, routes};
use sha2::{Digest as _, Sha256};

use super::accept::accepts_gzip;

/// The style sheets of every page, in `static/css`. Their order matters within one `@layer` only.
const STYLES: [&str; 12] = [
    "tokens",
    "base",
    "layout",
    "forms",
    "components",
    "cards",
    "drawings",
    "ticket",
    "coat",
    "account",
    "footer",
    "print",
];

/// The style sheets that only `teaching` needs.
const TEACHING_STYLES: [&str; 8] =
    ["xray", "ray", "learn", "sheets", "lab", "class", "room", "board"];

/// The scripts of every page, in `static/js`. Each does nothing on a page without its elements.
const SCRIPTS: [&str; 3] = ["show-password", "password-rules", "local-time"];

/// The scripts that only `teaching` needs.
const TEACHING_SCRIPTS: [&str; 10] = [
    "open-when-wide",
    "dialect",
    "live-goals",
    "ask-who",
    "guest-book",
    "countdown",
    "class-room",
    "copy",
    "board",
    "news",
];

/// A year. Browsers do not even ask whether the file has changed.
const UNTIL_IT_CHANGES: &str = "public, max-age=31536000, immutable";

/// A static file is missing or unreadable.
#[derive(Debug, thiserror::Error)]
#[error(
    "the file {file} cannot be read: {error}. Set static_dir in Rocket.toml to the folder of style sheets and scripts"
)]
pub struct NoStaticFiles {
    file: String,
    error: io::Error,
}

/// The files that all pages share.
pub(super) struct Assets {
    style: Asset,
    script: Asset,
    icon: Asset,
    /// For browsers and other programs that know no SVG.
    old_icon: Vec<u8>,
    /// For the home screen of a phone.
    touch_icon: Vec<u8>,
}

struct Asset {
    name: &'static str,
    ending: &'static str,
    hash: String,
    content: Vec<u8>,
    compressed: Vec<u8>,
}

impl Assets {
    /// Reads the files of the lists above, and compresses them.
    ///
    /// # Errors
    /// A file is missing or unreadable.
    pub(super) fn read(static_dir: &Path, teaching: bool) -> Result<Self, NoStaticFiles> {
        let (mut styles, mut scripts) = (STYLES.to_vec(), SCRIPTS.to_vec());
        if teaching {
            styles.extend(TEACHING_STYLES);
            scripts.extend(TEACHING_SCRIPTS);
        }
        let (mut style, mut script) = (vec![], vec![]);
        for name in styles {
            style.extend(read(static_dir, &format!("css/{name}.css"))?);
        }
        for name in scripts {
            let source = read(static_dir, &format!("js/{name}.js"))?;
            // In a block of its own, so that two scripts may use the same name.
            script.extend([b"{\n", source.as_slice(), b"\n}\n"].concat());
        }
        Ok(Self {
            style: Asset::new("site", "css", style),
            script: Asset::new("site", "js", script),
            icon: Asset::new("favicon", "svg", read(static_dir, "favicon.svg")?),
            old_icon: read(static_dir, "favicon.ico")?,
            touch_icon: read(static_dir, "apple-touch-icon.png")?,
        })
    }

    /// The template `assets`, which each page includes in its head.
    pub(super) fn template(&self) -> String {
        let Self { style, script, icon, .. } = self;
        format!(
            r#"  <link rel="icon" href="/favicon.ico" sizes="32x32">
  <link rel="icon" href="{}" type="image/svg+xml">
  <link rel="apple-touch-icon" href="/apple-touch-icon.png">
  <link rel="stylesheet" href="{}">
  <script type="module" src="{}"></script>
"#,
            icon.address(),
            style.address(),
            script.address()
        )
    }
}

fn read(static_dir: &Path, file: &str) -> Result<Vec<u8>, NoStaticFiles> {
    let path = static_dir.join(file);
    std::fs::read(&path).map_err(|error| NoStaticFiles { file: path.display().to_string(), error })
}

impl Asset {
    fn new(name: &'static str, ending: &'static str, content: Vec<u8>) -> Self {
        let digest = Sha256::digest(&content);
        let hash = digest[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        let compressed = compress(&content).expect("memory takes all that is written");
        Self { name, ending, hash, content, compressed }
    }

    fn address(&self) -> String {
        format!("/static/{}.{}.{}", self.name, self.hash, self.ending)
    }
}

fn compress(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(vec![], Compression::best());
    encoder.write_all(content)?;
    encoder.finish()
}

/// The last part of an address with a hash: name, 16 hex digits and ending.
struct HashedName<'r> {
    name: &'r str,
    hash: &'r str,
    ending: &'r str,
}

impl<'r> FromParam<'r> for HashedName<'r> {
    type Error = ();

    /// Rocket tries the next route, `FileServer`, for a name without a hash.
    fn from_param(param: &'r str) -> Result<Self, ()> {
        let (name, rest) = param.split_once('.').ok_or(())?;
        let (hash, ending) = rest.split_once('.').ok_or(())?;
        let is_hash = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash { Ok(Self { name, hash, ending }) } else { Err(()) }
    }
}

/// Responds with the current content even if the hash is of another version, because an instance of that
/// version may have made the page (docs/deploy.md). Then no browser keeps it.
#[get("/static/<asked>")]
fn asset<'r>(asked: HashedName<'r>, assets: &'r State<Assets>) -> Option<Found<'r>> {
    let Assets { style, script, icon, .. } = assets.inner();
    let is_it = |asset: &&Asset| asset.name == asked.name && asset.ending == asked.ending;
    let asset = [style, script, icon].into_iter().find(is_it)?;
    Some(Found { asset, is_current: asset.hash == asked.hash })
}

/// An asset as a response: compressed, if the client can decompress it.
struct Found<'r> {
    asset: &'r Asset,
    is_current: bool,
}

impl<'r> Responder<'r, 'r> for Found<'r> {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'r> {
        let mut response = Response::new();
        let mut content = &self.asset.content;
        if accepts_gzip(request) {
            content = &self.asset.compressed;
            response.set_raw_header("Content-Encoding", "gzip");
        }
        // A cache in between must not give a compressed file to a client that cannot decompress it.
        response.set_raw_header("Vary", "Accept-Encoding");
        response.set_raw_header(
            "Cache-Control",
            if self.is_current { UNTIL_IT_CHANGES } else { "no-store" },
        );
        response.set_header(ContentType::from_extension(self.asset.ending).unwrap_or_default());
        response.set_sized_body(content.len(), Cursor::new(content.as_slice()));
        Ok(response)
    }
}

#[get("/favicon.ico")]
fn old_icon(assets: &State<Assets>) -> (ContentType, &[u8]) {
    (ContentType::Icon, &assets.inner().old_icon)
}

#[get("/apple-touch-icon.png")]
fn touch_icon(assets: &State<Assets>) -> (ContentType, &[u8]) {
    (ContentType::PNG, &assets.inner().touch_icon)
}

pub(super) fn routes() -> Vec<Route> {
    routes![asset, old_icon, touch_icon]
}
