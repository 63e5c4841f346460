//! The files that the binary carries, so that it starts in an empty folder: templates with the lessons, style
//! sheets and scripts, and Rocket.toml.
//!
//! The folders `templates` and `static` beside the program are used instead, if they exist. So a page can be
//! changed without Rust. Rocket reads templates from a folder only, so they are unpacked at the start, to a
//! folder with the hash of their content in its name.

use std::io;
use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use rocket::figment::Figment;
use rocket::figment::value::magic::RelativePathBuf;
use sha2::{Digest as _, Sha256};

use crate::data_folder;

/// The default settings, with a comment on each.
pub const ROCKET_TOML: &str = include_str!("../Rocket.toml");

/// A folder, its name, and the setting with the path to another one.
struct Embedded {
    name: &'static str,
    setting: &'static str,
    files: Dir<'static>,
}

static FOLDERS: [Embedded; 2] = [
    Embedded {
        name: "templates",
        setting: "template_dir",
        files: include_dir!("$CARGO_MANIFEST_DIR/templates"),
    },
    Embedded {
        name: "static",
        setting: "static_dir",
        files: include_dir!("$CARGO_MANIFEST_DIR/static"),
    },
];

/// The embedded files cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[error(
    "the pages of this program cannot be unpacked to {} ({error}). Make that folder writable, or put the \
     folders templates and static of the source here",
    folder.display()
)]
pub struct NotUnpacked {
    folder: PathBuf,
    error: io::Error,
}

/// Unpacks the folders that are not beside the program, and returns the settings with their paths. A folder
/// that the settings name must exist.
///
/// # Errors
/// [`NotUnpacked`].
pub fn unpacked(mut figment: Figment) -> Result<Figment, NotUnpacked> {
    for Embedded { name, setting, files } in &FOLDERS {
        let chosen: Option<RelativePathBuf> = figment.extract_inner(setting).ok();
        let is_default = chosen.as_ref().is_none_or(|path| path.original() == Path::new(name));
        let path = chosen.map_or_else(|| PathBuf::from(name), |path| path.relative());
        if is_default && !path.exists() {
            figment = figment.merge((setting, unpack(name, files)?));
        }
    }
    Ok(figment)
}

/// Unpacks a folder, unless it was unpacked before. Two programs may do so at the same time.
fn unpack(name: &str, files: &Dir<'_>) -> Result<PathBuf, NotUnpacked> {
    let folder = Path::new(data_folder::FOLDER).join(format!("{name}-{}", hash(files)));
    let unpack = || {
        let unfinished = folder.with_extension(std::process::id().to_string());
        std::fs::create_dir_all(&unfinished)?;
        files.extract(&unfinished)?;
        let renamed = std::fs::rename(&unfinished, &folder);
        if renamed.is_err() && folder.exists() {
            return std::fs::remove_dir_all(&unfinished);
        }
        renamed
    };
    // Fails if the folder belongs to another user, whose pages would be shown then.
    let owned = data_folder::create(Path::new(data_folder::FOLDER));
    match owned.and_then(|()| if folder.exists() { Ok(()) } else { unpack() }) {
        Ok(()) => Ok(folder),
        Err(error) => Err(NotUnpacked { folder, error }),
    }
}

/// The first digits of a hash of all names and contents.
fn hash(files: &Dir<'_>) -> String {
    fn add(digest: &mut Sha256, folder: &Dir<'_>) {
        for entry in folder.entries() {
            digest.update(entry.path().as_os_str().as_encoded_bytes());
            match entry {
                DirEntry::Dir(folder) => add(digest, folder),
                DirEntry::File(file) => digest.update(file.contents()),
            }
        }
    }
    let mut digest = Sha256::new();
    add(&mut digest, files);
    digest.finalize()[..6].iter().map(|byte| format!("{byte:02x}")).collect()
}
