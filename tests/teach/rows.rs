//! The rows of the X-ray as a page has them: by their `data-…`, because their words are free to change.

use crate::support::Browser;
use crate::unescape;

/// A step of an exchange.
#[derive(Debug)]
pub struct Row {
    /// The key of its sentence, those of the sentences in it, the count of MongoDB's reply, and `lab`.
    pub words: Vec<String>,
    /// Its text in the plain dialect, the protocol's and Express's.
    pub dialects: [String; 3],
}

impl Row {
    fn read(row: &str) -> Self {
        let tag = row.split('>').next().unwrap();
        let data = |name: &str| tag.split_once(&format!(" data-{name}=\"")).map(|(_, rest)| rest);
        let data = ["step", "parts", "count"].map(|name| data(name)?.split('"').next());
        let lab = tag.contains(" ray--lab").then_some("lab");
        let words = data.iter().flatten().flat_map(|data| data.split(' ')).chain(lab);
        let dialects = ["plain", "protocol", "express"].map(|dialect| {
            let text = row.split_once(&format!("dialect--{dialect}\">")).unwrap().1;
            let text = text.split_once("</span>").unwrap().0;
            unescape(text.replace("<code>", "").replace("</code>", ""))
        });
        assert!(data[0].is_some() && dialects.iter().all(|text| !text.is_empty()), "{row}");
        Self { words: words.map(str::to_owned).collect(), dialects }
    }

    pub fn step(&self) -> &str {
        &self.words[0]
    }

    /// Whether it has this word.
    pub fn has(&self, word: &str) -> bool {
        self.words.iter().any(|known| known == word)
    }

    /// Whether it is this step with these words: "insert-user reply-inserted 1".
    fn is(&self, expected: &str) -> bool {
        let mut words = expected.split(' ');
        words.next() == Some(self.step()) && words.all(|word| self.has(word))
    }

    /// Fails unless each of these values is in the text of some dialect.
    pub fn expect_values(&self, values: &[&str]) {
        for value in values {
            let is_shown = self.dialects.iter().any(|text| text.contains(value));
            assert!(is_shown, "no {value:?} in {self:#?}");
        }
    }
}

/// All rows on a page, in their order.
pub fn rows_of(page: &str) -> Vec<Row> {
    page.split("<li class=\"ray").skip(1).map(Row::read).collect()
}

/// All rows of an exchange, in their order.
pub async fn rows(browser: &mut Browser, id: &str) -> Vec<Row> {
    rows_of(&browser.get(&format!("/xray/{id}?step=999")).await.body)
}

/// The rows of these steps, which must come one after the other.
pub fn expect_in_order<'r>(rows: &'r [Row], expected: &[&str]) -> Vec<&'r Row> {
    let mut rest = rows.iter();
    let find = |step: &&str| {
        let found = rest.find(|row| row.is(step));
        found.unwrap_or_else(|| panic!("no {step:?} in its place in {rows:#?}"))
    };
    expected.iter().map(find).collect()
}
