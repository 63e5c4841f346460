//! Estimates with zxcvbn whether a new password is easy to guess, and says why.
//!
//! zxcvbn knows common passwords, words, names, dates and rows of keys, also backwards, with capitals and
//! with `4` for `a`. `policy.rs` adds the words of this site and of this account.

use super::password::MAX_LENGTH;
use unicode_normalization::UnicodeNormalization as _;
use zxcvbn::matching::Match;
use zxcvbn::matching::patterns::MatchPattern;
use zxcvbn::{Score, zxcvbn};

/// A password must withstand more than a million guesses (zxcvbn's score 2).
const MIN_SCORE: Score = Score::Two;

/// zxcvbn gets this many characters at most, because its time grows with the square of the length. A password
/// that scores less than 2 has at most two parts, and both begin within these characters.
const MAX_RATED: usize = 48;

/// The signs that zxcvbn reads as letters too, by letter. It tries each combination of these letters.
const LOOK_ALIKES: [&str; 12] =
    ["4@", "8", "({[<", "3", "69", "1!|", "1|7", "0", "$5", "+7", "%", "2"];

/// The most combinations that are tried at the full length. With more of them, fewer characters are rated,
/// but always the first ten.
const MAX_COMBINATIONS: usize = 12;
const MIN_RATED: usize = 10;

/// Shorter parts of a name are ignored, because they occur in many words.
const MIN_PART: usize = 3;

/// Passwords that zxcvbn rates as strong although they are among the 3,000 most common ones (ASVS 6.2.4).
/// They come from large breaches, and most look random. Source: the list of Django 5.2, from 8 characters on.
const ALSO_COMMON: &str = "111222tianya 12qw23we 1g2w3e4r 1v7upjw3nt 2012comeer 29rsavoy 3d8cubaj2e \
    3odi15ngxb 421uiopy258 6hbf28w791 a838hfid aobo2010 cjmasterinf d2xyw89sxj diosesfiel \
    diwtgm8492 dpbk1234 evony192 fqrg7cs493 fuk19600 fuku00198 g9l2d1fzpy h1xp2z2duk hotmail1 \
    ig4abox4 iw14fi9j j38ifubn justinbieb ka_djkhjsy6 megaparol12345 n8zgt5p0shw= ohmnamah23 \
    p3rat54797 passer2009 passer2011 pe#5gz29ptzmse qqww1122 qti7zxh18u sz9kqcctwy \
    telechargement tnk0mk16vx uqa9ebw445 vrbgqns997 w5txn36alfw wangyut2 x4ivyga51f y6p67ftrqj \
    yagjecc826 yahoo.com yfdbufnjh10305070 youbye123 yuantuo2012 zag12wsx";

/// The reason why a password is easy to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weakness<T> {
    /// One of the words that the caller named, by its tag.
    Known(T),
    /// A common password or word.
    Common,
    /// A date, a row of keys, a repetition, or too few characters of any kind.
    Pattern,
}

/// The weakness of `password`, if it is easy to guess. `known` are words of this site and account, each with
/// a tag that tells the caller which of them was found.
pub(super) fn weakness<T: Copy>(password: &str, known: &[(T, &str)]) -> Option<Weakness<T>> {
    let password = nfkc(password);
    let words = words_of(known);
    if let Some((tag, _)) = known.iter().find(|(_, name)| resembles(&password, &nfkc(name))) {
        return Some(Weakness::Known(*tag));
    }
    let inputs: Vec<&str> = words.iter().map(|(_, word)| word.as_str()).collect();
    let estimate = zxcvbn(rated_part(&password, inputs.len()), &inputs);
    (estimate.score() < MIN_SCORE).then(|| explain(estimate.sequence(), &words))
}

/// Replaces full-width and other variants of a letter by the letter, and keeps capitals. One code point can
/// become 18, so the result is cut.
fn nfkc(text: &str) -> String {
    text.nfkc().take(MAX_LENGTH).collect()
}

/// A word for zxcvbn, with the tag of the caller. `None` for [`ALSO_COMMON`].
type Word<T> = (Option<T>, String);

/// The words for zxcvbn: each name as a whole, without its signs, and in parts.
fn words_of<T: Copy>(known: &[(T, &str)]) -> Vec<Word<T>> {
    let mut words: Vec<Word<T>> = vec![];
    for (tag, name) in known {
        let name = nfkc(name).to_lowercase();
        let parts = name.split(|c: char| !c.is_alphabetic());
        let parts = parts.filter(|part| part.chars().count() >= MIN_PART);
        let forms = parts.map(str::to_owned).chain([letters(&name), name.clone()]);
        for form in forms.filter(|form| !form.is_empty()) {
            // A word may come from several names. The first one decides about the error message.
            if !words.iter().any(|(_, word)| *word == form) {
                words.push((Some(*tag), form));
            }
        }
    }
    words.extend(ALSO_COMMON.split_whitespace().map(|word| (None, word.to_owned())));
    words
}

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphabetic()).collect()
}

/// Whether a password is the name itself, backwards or several times, with any digits and signs around it.
fn resembles(password: &str, name: &str) -> bool {
    let (password, name) = (password.to_lowercase(), name.to_lowercase());
    let (core, name_letters) = (letters(&password), letters(&name));
    let backwards: String = name_letters.chars().rev().collect();
    let is_made_of =
        |name: &str| name.chars().count() >= MIN_PART && core.replace(name, "").is_empty();
    password == name || !core.is_empty() && (is_made_of(&name_letters) || is_made_of(&backwards))
}

/// The beginning of a password that zxcvbn can rate in a few milliseconds, when it has this number of words.
fn rated_part(password: &str, words: usize) -> &str {
    let limit = MAX_COMBINATIONS * MAX_RATED * MAX_RATED;
    let affordable = |(index, end): &(usize, usize)| {
        let length = index + 1;
        length <= MIN_RATED || combinations(&password[..*end]) * (length * length + words) <= limit
    };
    let ends = password.char_indices().map(|(start, c)| start + c.len_utf8());
    let ends = ends.take(MAX_RATED).enumerate().take_while(affordable);
    let end = ends.map(|(_, end)| end).last().unwrap_or_default();
    &password[..end]
}

/// An upper bound for the number of letter combinations that the signs in `text` can stand for.
fn combinations(text: &str) -> usize {
    let present = |signs: &&str| signs.chars().filter(|sign| text.contains(*sign)).count();
    let by_letter = LOOK_ALIKES.iter().map(present).filter(|count| *count > 0);
    // A sign that can stand for two letters is tried as each of them.
    let shared = ["1", "|", "7"].into_iter().filter(|sign| text.contains(*sign)).count();
    by_letter.product::<usize>() << shared
}

fn explain<T: Copy>(sequence: &[Match], words: &[Word<T>]) -> Weakness<T> {
    let named = sequence.iter().find_map(|part| in_dictionary(part, words));
    named.unwrap_or(Weakness::Pattern)
}

fn in_dictionary<T: Copy>(part: &Match, words: &[Word<T>]) -> Option<Weakness<T>> {
    match &part.pattern {
        MatchPattern::Dictionary(found) => {
            let word = words.iter().find(|(_, word)| *word == found.matched_word);
            Some(word.and_then(|(tag, _)| *tag).map_or(Weakness::Common, Weakness::Known))
        }
        MatchPattern::Repeat(repeat) => {
            repeat.base_matches.iter().find_map(|part| in_dictionary(part, words))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn check(passwords: &[&str], expected: Option<Weakness<u8>>) {
        for password in passwords {
            let known = [(1, "Rosa.Luxemburg99"), (2, "cloakroom"), (3, "Goethe-Gymnasium")];
            assert_eq!(weakness(password, &known), expected, "{password:?}");
        }
    }

    #[test]
    fn a_common_password_is_found_in_any_variant() {
        let variants = ["password", "Password1", "P@ssw0rd1", "pa55w0rd", "drowssap", "PASSWORD!"];
        check(&variants, Some(Weakness::Common));
        check(&["password2026", "iloveyou2026", "football2026"], Some(Weakness::Common));
        check(&["\u{ff50}assword1", "\u{ff30}\u{ff41}\u{ff53}sword"], Some(Weakness::Common));
        check(&["passwordpassword", "monkeymonkey1"], Some(Weakness::Common));
        check(&["hotmail1", "Yahoo.com", "12qw23we!", "fqrg7cs493"], Some(Weakness::Common));
    }

    #[test]
    fn a_row_of_keys_a_date_and_a_repetition_are_patterns() {
        check(&["        ", "zyxwvutsrq"], Some(Weakness::Pattern));
        check(&["13.05.2009"], Some(Weakness::Pattern));
    }

    #[test]
    fn words_of_the_account_and_of_the_site_are_found_in_any_variant() {
        let names = ["rosa.luxemburg99", "ROSALUXEMBURG1871!", "grubmexul.asor", "R0sa2026"];
        check(&names, Some(Weakness::Known(1)));
        check(&["rosaluxemburg rosaluxemburg", "luxemburg#17"], Some(Weakness::Known(1)));
        check(&["Cloakroom", "cl04kr00m", "moorkaolc", "cloakroom2026!"], Some(Weakness::Known(2)));
        check(&["\u{ff43}loakroom1", "cloakroomcloakroomcloakroom"], Some(Weakness::Known(2)));
        check(&["goethe2026", "GoetheGymnasium", "6ymnasium!"], Some(Weakness::Known(3)));
    }

    #[test]
    fn four_words_and_eight_random_letters_pass() {
        check(&["tzqkvwxj", "correct horse battery staple", "p\u{e4}ssw\u{f6}rd"], None);
        check(&["rosa hangs her coat in the cloakroom", "correct horse battery"], None);
        check(
            &[
                "4@8({[<3691!|0$5+7%2",
                "\u{5f20}\u{4f1f}\u{660e}\u{7684}\u{5bc6}\u{7801}\u{5f88}\u{957f}",
            ],
            None,
        );
    }

    #[test]
    fn the_length_of_a_password_does_not_make_the_estimate_slow() {
        let long = |pattern: &str| pattern.chars().cycle().take(256).collect::<String>();
        weakness("the lists are loaded", &[((), "")]);
        let patterns = ["4@8({[<3691!|0$5+7%2", "1|7", "correct horse ", "aab", "\u{fdfa}", "aA1 "];
        for pattern in patterns {
            let password = long(pattern);
            let started = Instant::now();
            weakness(&password, &[((), "rosa")]);
            // It takes 1 to 3 ms. Without the limit the first one takes 800 ms.
            assert!(started.elapsed() < Duration::from_millis(250), "{pattern}");
        }
    }
}
