//! One word for one thing: the glossary names the words to avoid, and this file looks for them.

use super::{Finding, Tree};

/// The table of words: `word | meaning here | not`.
const GLOSSARY: &str = "docs/glossary.md";
/// Extensions of files whose words are looked at.
const READ: &[&str] = &["rs", "md"];
/// Documents that must name the words to avoid: the glossary, and history.
const EXEMPT: &[&str] = &[GLOSSARY, "CHANGELOG.md"];

/// A word to avoid and the one to use instead.
#[derive(Debug, PartialEq, Eq)]
struct Avoided {
    /// As [`normal`] gives it.
    pattern: String,
    word: String,
    instead: String,
}

/// Uses of words that the glossary tells to avoid.
pub(crate) fn words_to_avoid(tree: &Tree) -> Vec<Finding> {
    let glossary = tree.files.iter().find(|file| file.path == GLOSSARY);
    let avoided = glossary.map_or_else(Vec::new, |file| read(&file.text));
    let files = tree.files.iter().filter(|file| {
        READ.iter().any(|extension| file.is(extension)) && !EXEMPT.contains(&file.path.as_str())
    });
    let mut findings = Vec::new();
    for file in files {
        for (index, line) in file.text.lines().enumerate() {
            let words = normal(line);
            let used = avoided.iter().filter(|avoided| words.contains(&avoided.pattern));
            findings.extend(used.map(|Avoided { word, instead, .. }| {
                file.finding(index + 1, "vocabulary", format!("`{word}` is `{instead}` here"))
            }));
        }
    }
    findings
}

/// Reads the rows of the glossary; a dash in the last column means that nothing is to be avoided.
fn read(glossary: &str) -> Vec<Avoided> {
    let rows = glossary.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.flat_map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let (instead, not) = match cells.as_slice() {
            [word, _, not] => (*word, *not),
            _ => ("", ""),
        };
        not.split(',').filter_map(|word| avoid(word, instead)).collect::<Vec<_>>()
    })
    .collect()
}

fn avoid(word: &str, instead: &str) -> Option<Avoided> {
    let word = word.trim().trim_matches('`');
    let has_letters = word.contains(char::is_alphabetic);
    has_letters.then(|| Avoided {
        pattern: normal(word),
        word: word.to_owned(),
        instead: instead.trim_matches('`').to_owned(),
    })
}

/// Words of any shape in one shape: `BadDebt`, `bad_debt` and `bad debt` all become `-bad-debt-`.
pub(crate) fn normal(text: &str) -> String {
    let mut words = String::from("-");
    let mut previous = ' ';
    for c in text.chars() {
        let begins_hump = c.is_uppercase() && (previous.is_lowercase() || previous.is_numeric());
        if (begins_hump || !c.is_alphanumeric()) && !words.ends_with('-') {
            words.push('-');
        }
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        }
        previous = c;
    }
    if !words.ends_with('-') {
        words.push('-');
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::{places, tree};
    use super::*;

    const TABLE: &str = "\
# Glossary

| word | meaning here | not |
| --- | --- | --- |
| deficit | what is still owed | `shortfall`, hole in the books |
| layer | a slice of loss | – |
";

    #[test]
    fn words_of_any_shape_are_the_same_words() {
        for text in ["BadDebt", "bad_debt", "bad debt", "Bad-Debt"] {
            assert_eq!(normal(text), "-bad-debt-");
        }
        assert_eq!(normal("PerpV2"), "-perp-v2-");
        assert_eq!(normal("CCP's"), "-ccp-s-");
        assert_eq!(normal(""), "-");
    }

    #[test]
    fn uses_of_words_to_avoid_are_warned_about() {
        let files = [
            (GLOSSARY, TABLE),
            ("crates/core/src/a.rs", "struct ShortfallRow;\n/// A hole in the\nlet layer = 1;\n"),
            ("docs/a.md", "no hole in the books\n"),
            ("presets/a.toml", "shortfall = 1\n"),
        ];
        let expected = [
            "crates/core/src/a.rs:1: `shortfall` is `deficit` here",
            "docs/a.md:1: `hole in the books` is `deficit` here",
        ];
        assert_eq!(places(&words_to_avoid(&tree(&files))), expected);
    }

    #[test]
    fn without_a_glossary_there_is_nothing_to_avoid() {
        assert!(words_to_avoid(&tree(&[("a.md", "shortfall")])).is_empty());
    }
}
