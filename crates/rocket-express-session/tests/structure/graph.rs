//! Which file uses which, and the rules that follow from it. The tests of the app use this file as well.
//!
//! An arrow goes to the file of the module that a path names. If this file only passes the item on with
//! `use`, a second arrow goes to the file that defines the item, through as many files as pass it on. For
//! example, `crate::store::Record` is an arrow to `store/mod.rs` and one to `store/record.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::code::{Code, Name};

/// Where a rule is broken, why it is there and what to do.
pub type Violation = String;

/// A package's source files, parsed, by their path from its root.
pub type Package = BTreeMap<String, Code>;

/// For each file the files that it uses, each with one place where it does.
pub type Uses = BTreeMap<String, BTreeMap<String, String>>;

/// The path of a file's module, which is empty for the root of the library.
pub fn module(file: &str) -> Vec<String> {
    let path = file.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" { vec![] } else { path.split('/').map(str::to_owned).collect() }
}

/// The arrows between the files. `own` is the package's name in paths.
pub fn uses(package: &Package, own: &str) -> Uses {
    let modules: BTreeMap<_, _> =
        package.keys().map(|file| (module(file), file.as_str())).collect();
    let finder = Finder { package, modules, own };
    let mut uses = Uses::new();
    for (file, code) in package {
        let used = uses.entry(file.clone()).or_default();
        for name in code.names.iter().filter(|name| !name.is_member && name.path.len() > 1) {
            let mut targets = BTreeSet::new();
            finder.follow(file, name, 0, &mut targets);
            for target in targets.into_iter().filter(|target| target != file) {
                let place = format!("{file}:{} {}", name.line, name.path.join("::"));
                used.entry(target).or_insert(place);
            }
        }
    }
    uses
}

/// A file passes an item on from a file that passes it on, and so on.
const MAX_STEPS: usize = 8;

struct Finder<'p> {
    package: &'p Package,
    modules: BTreeMap<Vec<String>, &'p str>,
    own: &'p str,
}

impl Finder<'_> {
    /// Adds the files that this path leads to.
    fn follow(&self, file: &str, name: &Name, step: usize, targets: &mut BTreeSet<String>) {
        let Some(path) = self.absolute(file, name) else { return };
        let is_module = |length: &usize| self.modules.contains_key(&path[..*length]);
        let Some(length) = (0..=path.len()).rev().find(is_module) else { return };
        let target = self.modules[&path[..length]];
        targets.insert(target.to_owned());
        let passed_on = path.get(length).and_then(|item| self.package[target].imports.get(item));
        if let Some(import) = passed_on.filter(|_| step < MAX_STEPS) {
            let path = [&import.path[..], &path[length + 1..]].concat();
            self.follow(target, &Name { path, ..import.clone() }, step + 1, targets);
        }
    }

    /// The path from the root of the package. Nothing if it leads to another crate.
    fn absolute(&self, file: &str, name: &Name) -> Option<Vec<String>> {
        let name = self.package[file].expanded(name);
        let mut base = [module(file), name.inline].concat();
        let (first, after) = name.path.split_first()?;
        if first == "crate" || first == self.own {
            return Some(after.to_vec());
        }
        let relative =
            name.path.iter().take_while(|word| ["self", "super"].contains(&word.as_str()));
        let relative: Vec<&String> = relative.collect();
        for _ in relative.iter().filter(|word| **word == "super") {
            base.pop()?;
        }
        let path = [&base[..], &name.path[relative.len()..]].concat();
        let is_ours = |length| self.modules.contains_key(&path[..length]);
        (!relative.is_empty() || is_ours(base.len() + 1)).then_some(path)
    }
}

/// Sets whose members all reach each other.
fn knots(uses: &Uses) -> Vec<BTreeSet<String>> {
    let reached: BTreeMap<&str, BTreeSet<&str>> =
        uses.keys().map(|from| (from.as_str(), reach(uses, from))).collect();
    let mut found = BTreeSet::new();
    for (from, reached_from) in &reached {
        let comes_back = |to: &&&str| reached.get(**to).is_some_and(|back| back.contains(from));
        let knot = reached_from.iter().filter(comes_back);
        found.insert(knot.map(|to| (*to).to_owned()).collect::<BTreeSet<_>>());
    }
    found.into_iter().filter(|knot| knot.len() > 1).collect()
}

fn reach<'u>(uses: &'u Uses, from: &'u str) -> BTreeSet<&'u str> {
    let (mut reached, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(here) = open.pop() {
        let next = uses.get(here).into_iter().flat_map(BTreeMap::keys);
        open.extend(next.map(String::as_str).filter(|to| reached.insert(*to)));
    }
    reached
}

/// The arrows that count for a cycle of files: all but those from a file to the modules below it, which it
/// passes on and attaches. Arrows from these modules up to it count. A circle that is hidden in this way, and
/// leaves the folder, is a cycle of folders.
fn between_families(uses: &Uses) -> Uses {
    let mut counted = uses.clone();
    for (from, used) in &mut counted {
        let head = module(from);
        used.retain(|to, _| !module(to).starts_with(&head));
    }
    counted
}

/// The arrows between folders, or a folder and a file beside it: directly below `src`, and below each folder
/// there.
pub fn folders(uses: &Uses) -> Uses {
    let mut folders = Uses::new();
    for (from, to, place) in arrows(uses) {
        let (from, to) = (module(from), module(to));
        for level in 1..=2 {
            let has_level = from.len() >= level && to.len() >= level;
            if has_level && from[..level - 1] == to[..level - 1] && from[level - 1] != to[level - 1]
            {
                let (from, to) = (from[..level].join("/"), to[..level].join("/"));
                folders.entry(from).or_default().entry(to).or_insert_with(|| place.to_owned());
            }
        }
    }
    folders
}

/// All arrows: from, to, and a place where it stands.
pub fn arrows(uses: &Uses) -> impl Iterator<Item = (&str, &str, &str)> {
    uses.iter()
        .flat_map(|(from, used)| used.iter().map(move |(to, place)| (&**from, &**to, &**place)))
}

/// No file and no folder uses another that uses it.
pub fn no_cycles(uses: &Uses) -> Vec<Violation> {
    let (files, folders) = (between_families(uses), folders(uses));
    let cycles = knots(&files);
    let mut rings = knots(&folders);
    // Where no folder takes part, it is a cycle of files as well.
    let as_files =
        |ring: &BTreeSet<String>| ring.iter().map(|name| format!("src/{name}.rs")).collect();
    rings.retain(|ring| !cycles.contains(&as_files(ring)));
    let cycles = cycles.into_iter().map(|knot| ("files", knot, &files));
    let rings = rings.into_iter().map(|knot| ("folders", knot, &folders));
    let say = |(kind, knot, uses): (&str, BTreeSet<String>, &Uses)| {
        let inside =
            arrows(uses).filter(|(from, to, _)| knot.contains(*from) && knot.contains(*to));
        let lines: Vec<String> =
            inside.map(|(from, to, place)| format!("\n    {from} -> {to}: {place}")).collect();
        format!(
            "{} {kind} use each other, so none can be read alone. Turn an arrow around, or move what \
             both need below them:{}",
            knot.len(),
            lines.concat()
        )
    };
    cycles.chain(rings).map(say).collect()
}

/// Nothing hides what a file uses: no star, no second path to a file, no text that is code.
pub fn nothing_hidden(package: &Package) -> Vec<Violation> {
    let mut found = vec![];
    for (file, code) in package {
        for Name { path, line, .. } in &code.names {
            let why = match path.last().map(String::as_str) {
                Some("*") => "a star hides which names come from where: name them",
                Some("include") => "`include!` hides a file from these tests: make it a module",
                _ => continue,
            };
            found.push(format!("{file}:{line}: {why}"));
        }
        for words in code.names.windows(2).filter(|words| words[0].last() == "extern") {
            if words[1].path == ["crate"] {
                let line = words[1].line;
                found.push(format!("{file}:{line}: `extern crate` gives a crate a second name"));
            }
        }
        for attribute in code.attributes.iter().filter(|attribute| attribute.name == "path") {
            found.push(format!("{file}:{}: a module stands where its name says", attribute.line));
        }
    }
    found
}

/// Nothing is unwrapped outside tests.
pub fn no_unwrap(package: &Package) -> Vec<Violation> {
    let mut found = vec![];
    for (file, code) in package {
        let unwraps = |name: &&Name| {
            let is_qualified = name.is_member || name.path.len() > 1;
            is_qualified && ["unwrap", "unwrap_err", "unwrap_unchecked"].contains(&name.last())
        };
        for name in code.names.iter().filter(unwraps) {
            found.push(format!(
                "{file}:{}: return a typed error, or `expect` with the reason why it cannot fail",
                name.line
            ));
        }
    }
    found
}
