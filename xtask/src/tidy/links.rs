//! Links of documents that lead nowhere: to a file that is not there, or to a heading that a page does not have.

use super::{File, Finding, Tree};

/// Every relative link of every Markdown page leads to a file or folder of the checkout, and its part after `#` to a
/// heading there.
pub(crate) fn dead_links(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.is("md")) {
        for (line, link) in links(&file.text) {
            if let Some(why) = dead(tree, file, link) {
                findings.push(file.finding(line, "link", format!("`{link}` {why}")));
            }
        }
    }
    findings
}

/// Why a link leads nowhere, if it does.
fn dead(tree: &Tree, from: &File, link: &str) -> Option<&'static str> {
    let (target, heading) = link.split_once('#').map_or((link, None), |(a, b)| (a, Some(b)));
    let path = if target.is_empty() { from.path.clone() } else { resolved(&from.path, target)? };
    let folder = format!("{path}/");
    let there = |known: &String| *known == path || known.starts_with(&folder);
    if !path.is_empty() && !tree.paths.iter().any(there) {
        return Some("is not there");
    }
    let (heading, page) = (heading?, tree.files.iter().find(|file| file.path == path)?);
    let known = !page.is("md") || headings(&page.text).any(|known| known == heading);
    (!known).then_some("names no heading of that page")
}

/// A link's path from the root; none for one that leaves the checkout.
fn resolved(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// Targets of relative links, with their line numbers.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| {
            let target = rest.split([')', ' ']).next()?;
            let foreign = target.is_empty() || target.contains(':');
            (!foreign).then_some((number, target))
        })
    })
}

/// What a link may name after `#`: the words of each heading, as the sites that show Markdown write them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let words = line.trim_start_matches('#').trim().to_lowercase();
        let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}

/// Numbered lines outside of fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut inside = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        (!fence && !inside).then_some((index + 1, line))
    })
}

#[cfg(test)]
mod tests {
    use super::super::{places, tree};
    use super::*;

    #[test]
    fn links_lead_to_files_folders_and_headings() {
        let page = "\
# Top
[a](docs/b.md) [b](docs/b.md#two-words-its-6) [c](docs) [d](#top) [e](https://example.org/x.md) ![f](docs/p.svg)
[g](docs/c.md) [h](docs/b.md#three) [i](#bottom) [j](../outside.md)
```sh
[k](never.md)
```
";
        let b = "## Two words: it's `6`\n[up](../README.md)\n[lost](README.md)\n";
        let files = [("README.md", page), ("docs/b.md", b), ("docs/p.svg", "")];
        let expected = [
            "README.md:3: `docs/c.md` is not there",
            "README.md:3: `docs/b.md#three` names no heading of that page",
            "README.md:3: `#bottom` names no heading of that page",
            "docs/b.md:3: `README.md` is not there",
        ];
        assert_eq!(places(&dead_links(&tree(&files))), expected);
    }
}
