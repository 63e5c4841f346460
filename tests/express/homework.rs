//! The homework in `exercises/express`: each of its tests fails until its own fault is mended.
//!
//! `app.js` and `solution/app.js` differ in five places, in the order of the five tests.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::install_packages;

const FAULTS: usize = 5;

/// Where the two apps differ: a range of lines of the exercise, and the lines of the solution for it.
struct Mend {
    first: usize,
    last: usize,
    lines: Vec<String>,
}

fn lines_of(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).expect("an app");
    text.lines().map(str::to_owned).collect()
}

/// Reads `12,14c20,21` as the two ranges of lines, counted from 1.
fn ranges(header: &str) -> Option<[(usize, usize); 2]> {
    let range = |text: &str| {
        let (first, last) = text.split_once(',').unwrap_or((text, text));
        Some((first.parse().ok()?, last.parse().ok()?))
    };
    let (from, to) = header.split_once('c')?;
    Some([range(from)?, range(to)?])
}

fn mends(exercise: &Path, solution: &Path) -> Vec<Mend> {
    let output = Command::new("diff").args([exercise, solution]).output().expect("diff");
    let output = String::from_utf8(output.stdout).expect("UTF-8");
    let headers = output.lines().filter(|line| !line.starts_with(['<', '>', '-']));
    let solution = lines_of(solution);
    let mend = |header: &str| {
        let [(first, last), (from, to)] = ranges(header).expect("changed lines only");
        Mend { first, last, lines: solution[from - 1..to].to_vec() }
    };
    headers.map(mend).collect()
}

/// The exercise with one fault mended.
fn apply(exercise: &[String], mend: &Mend) -> String {
    let parts = [&exercise[..mend.first - 1], &mend.lines, &exercise[mend.last..]];
    parts.concat().join("\n") + "\n"
}

/// Runs a script of `package.json`; returns the numbers of the tests that passed.
fn passed(script: &str, folder: &Path) -> Vec<usize> {
    let npm = Command::new("npm").args(["run", "--silent", script]).current_dir(folder).output();
    let Output { status, stdout, stderr } = npm.expect("npm");
    let output = String::from_utf8_lossy(&stdout);
    let marks: Vec<&str> = output.lines().filter(|line| line.starts_with(['✔', '✖'])).collect();
    let errors = String::from_utf8_lossy(&stderr);
    assert_eq!(marks.len(), FAULTS, "{output}{errors}");
    let passed: Vec<usize> = (0..FAULTS).filter(|n| marks[*n].starts_with('✔')).collect();
    // The status tells a script whether all is done.
    assert_eq!(status.success(), passed.len() == FAULTS, "{output}{errors}");
    passed
}

#[test]
fn each_mended_fault_of_the_homework_turns_exactly_its_own_test_green() {
    let folder = install_packages("exercises/express");
    let folder = Path::new(&folder);
    assert!(passed("test", folder).is_empty(), "a test of the exercise passes");
    assert_eq!(passed("solution", folder).len(), FAULTS, "the solution");

    let exercise = lines_of(&folder.join("app.js"));
    let mends = mends(&folder.join("app.js"), &folder.join("solution/app.js"));
    assert_eq!(mends.len(), FAULTS, "one place for each fault");
    for (fault, mend) in mends.iter().enumerate() {
        let copy = tempfile::tempdir().expect("a folder");
        for file in ["package.json", "faults.test.js", "reporter.js"] {
            fs::copy(folder.join(file), copy.path().join(file)).expect("a copy");
        }
        let packages = copy.path().join("node_modules");
        std::os::unix::fs::symlink(folder.join("node_modules"), packages).expect("a link");
        fs::write(copy.path().join("app.js"), apply(&exercise, mend)).expect("an app");
        assert_eq!(passed("test", copy.path()), vec![fault], "fault {}", fault + 1);
    }
}
