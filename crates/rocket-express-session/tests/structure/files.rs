//! The text files of a package, by their path from its root. The tests of the app use this file as well.

use std::collections::BTreeMap;
use std::path::{MAIN_SEPARATOR, Path};

/// Made by programs, or not ours.
const SKIPPED: [&str; 10] = [
    "target",
    "node_modules",
    "__pycache__",
    ".git",
    ".data",
    ".cache",
    "tmp",
    "corpus",
    "artifacts",
    "coverage",
];

/// Their names count, their texts do not.
const UNREAD: [&str; 2] = ["Cargo.lock", "package-lock.json"];

/// All text files below a folder of the package.
pub fn read(root: &str, folder: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![Path::new(root).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name());
            if SKIPPED.iter().any(|skipped| name == *skipped) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                // On Windows, a backslash separates folders.
                let name = name.replace(MAIN_SEPARATOR, "/");
                let is_read = !UNREAD.iter().any(|unread| name.ends_with(unread));
                // A picture has no text, but has a name.
                let text = is_read.then(|| std::fs::read_to_string(&path).ok()).flatten();
                found.insert(name, text.unwrap_or_default());
            }
        }
    }
    found
}
