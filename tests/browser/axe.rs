//! Whether each page is accessible, as far as axe-core can tell.

use std::sync::LazyLock;

use crate::chromium::Chromium;
use crate::support::install_packages;

static AXE: LazyLock<String> = LazyLock::new(|| {
    let folder = install_packages("tests/browser");
    std::fs::read_to_string(format!("{folder}/node_modules/axe-core/axe.min.js")).expect("axe-core")
});

/// The rules to check. Without this list, axe leaves out a rule of WCAG 2.2: the size of targets.
const RULES: &str = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']";

/// What axe finds wrong with the page as it is now; WCAG 2.2 AA and its best practices.
pub async fn faults(chromium: &Chromium) -> Vec<String> {
    // chromedriver brings the script in: the page's own policy lets in none but ours.
    chromium.script(&AXE).await;
    let options = format!("{{ resultTypes: ['violations'], runOnly: {RULES} }}");
    let found = format!(
        "const found = await axe.run(document, {options});
        return found.violations.flatMap(rule => rule.nodes.map(node =>
            `${{rule.id}}: ${{node.target.join(' ')}}: ${{node.failureSummary}}`));"
    );
    let found = chromium.script(&format!("return (async () => {{ {found} }})()")).await;
    let found = found.as_array().expect("a list");
    found.iter().map(|fault| fault.as_str().unwrap_or_default().to_owned()).collect()
}
