//! npm packages of a folder of tests, installed once and kept for the next run.

use std::process::Command;

use super::mongod::workspace;

/// Installs what `package-lock.json` in this folder of the workspace says, unless that is there; returns the
/// path of the folder. Call it once for each test run (a `LazyLock`).
pub fn install_packages(folder: &str) -> String {
    let folder = format!("{}/{folder}", workspace().display());
    let lock = std::fs::read(format!("{folder}/package-lock.json")).expect("package-lock.json");
    let installed = format!("{folder}/node_modules/.installed-for");
    if std::fs::read(&installed).is_ok_and(|of| of == lock) {
        return folder;
    }
    let mut npm = Command::new("npm");
    let npm = npm.args(["ci", "--silent", "--no-audit"]).current_dir(&folder).status();
    assert!(npm.expect("npm is installed: script/bootstrap test").success(), "npm ci failed");
    std::fs::write(installed, lock).expect("a mark in node_modules");
    folder
}
