//! Texts of lessons and of the X-ray: short sentences, and plain words. A reader of 15 who is no native
//! speaker must be able to follow each of them.

use super::graph::Violation;
use super::sources::{Sources, hold};
use super::words::banned;

/// The most words in a sentence. Code in backticks counts as one.
const MAX_WORDS: usize = 20;

/// Keys whose texts are for the program, or are code.
const NOT_READ: [&str; 4] = ["name", "compare", "code", "solution"];

/// All texts of the lessons and of the X-ray, each with its place.
fn texts(sources: &Sources) -> Vec<(String, String)> {
    let mut found = vec![];
    for (name, text) in sources.files("templates/", ".toml") {
        let table: toml::Table = text.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        collect(&toml::Value::Table(table), name, &mut found);
    }
    found
}

fn collect(value: &toml::Value, place: &str, found: &mut Vec<(String, String)>) {
    match value {
        toml::Value::String(text) => found.push((place.to_owned(), text.clone())),
        toml::Value::Array(list) => list.iter().for_each(|one| collect(one, place, found)),
        toml::Value::Table(table) => {
            for (key, value) in table.iter().filter(|(key, _)| !NOT_READ.contains(&key.as_str())) {
                collect(value, &format!("{place}: {key}"), found);
            }
        }
        _ => {}
    }
}

/// The text with one word in place of each code and of each name in braces.
fn without_code(text: &str) -> String {
    let outside =
        |(n, part): (usize, &str)| if n % 2 == 0 { part.to_owned() } else { "code".into() };
    let text: String = text.split('`').enumerate().map(outside).collect();
    let parts = text.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
    parts.collect::<Vec<_>>().join("value")
}

/// The sentences of a text: a sign that ends one stands before a space, a quotation mark or the end.
fn sentences(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let signs: Vec<char> = text.chars().collect();
    for (n, sign) in signs.iter().enumerate() {
        all.last_mut().expect("never empty").push(*sign);
        let is_end = signs.get(n + 1).is_none_or(|next| next.is_whitespace() || *next == '"');
        if is_end && ".?!:".contains(*sign) {
            all.push(String::new());
        }
    }
    all
}

fn no_sentence_is_long(sources: &Sources) -> Vec<Violation> {
    let mut found = vec![];
    for (place, text) in texts(sources) {
        for sentence in sentences(&without_code(&text)) {
            let words = sentence.split_whitespace();
            let count = words.filter(|word| word.contains(char::is_alphanumeric)).count();
            if count > MAX_WORDS {
                found.push(format!("{place}: {count} words, split it: {}", sentence.trim()));
            }
        }
    }
    found
}

fn no_text_hides_who_acts(sources: &Sources) -> Vec<Violation> {
    let say = |(place, text): (String, String)| {
        let word = banned(&without_code(&text))?;
        Some(format!("{place}: `{word}`: say who does it, and when"))
    };
    texts(sources).into_iter().filter_map(say).collect()
}

const LESSON: &str = "templates/lessons/99-x/lesson.toml";

#[test]
fn no_sentence_of_a_lesson_or_of_the_x_ray_has_more_than_twenty_words() {
    let twenty = "word ".repeat(19) + "word";
    let [long, deep, xray] = [
        format!("able = \"Short. {twenty} word.\""),
        format!("[[questions]]\n[[questions.options]]\nwhy = \"{twenty} `a b` {{value}}: short.\""),
        format!("[page]\nexpress = \"{twenty} word\""),
    ];
    let red =
        [vec![(LESSON, &*long)], vec![(LESSON, &deep)], vec![("templates/xray/a.toml", &xray)]];
    let [short, code, names] = [
        format!("steps = [\"{twenty}. {twenty}? {twenty}: {twenty}!\", \"\\\"{twenty}.\\\" \"]"),
        format!("able = \"`{twenty} {twenty}` {}\"", "word ".repeat(19)),
        format!("[express]\ncode = \"{twenty} {twenty}\""),
    ];
    let green = [vec![(LESSON, &*short)], vec![(LESSON, &code)], vec![(LESSON, &names)]];
    hold(no_sentence_is_long, &red, &green);
}

#[test]
fn the_texts_of_lessons_say_who_acts() {
    let red = [
        vec![(LESSON, "able = \"Nobody knows.\"")],
        vec![("templates/xray/a.toml", "[page]\nplain = \"Whoever asks.\"")],
    ];
    let green = [
        vec![(LESSON, "compare = [\"nobody\"]\nable = \"Request {nobody} of `nobody`.\"")],
        vec![(LESSON, "[[goals]]\nname = \"nobody\"")],
    ];
    hold(no_text_hides_who_acts, &red, &green);
}
