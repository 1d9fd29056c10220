//! A small scanner of Rust text: enough to measure functions and find words, no parser.
//!
//! Comments, strings and character literals are blanked first, so braces and words inside them do not
//! count. What is left is cut into words and single characters, each with its line.

/// A word, a number or one character of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) text: &'a str,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// A range of lines, both ends included, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Span {
    /// Name of the function or module.
    pub(crate) name: String,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

impl Span {
    /// Number of lines.
    pub(crate) fn lines(&self) -> usize {
        self.last - self.first + 1
    }

    /// Whether `line` lies inside.
    pub(crate) fn holds(&self, line: usize) -> bool {
        (self.first..=self.last).contains(&line)
    }
}

/// The text with every comment, string and character literal replaced by spaces; lines stay lines.
pub(crate) fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        match opaque_length(&chars, at) {
            0 => {
                code.push(chars[at]);
                at += 1;
            }
            length => {
                let end = (at + length).min(chars.len());
                code.extend(chars[at..end].iter().map(|&c| if c == '\n' { c } else { ' ' }));
                at = end;
            }
        }
    }
    code
}

/// Length of the comment or literal that begins at `at`; 0 when none does.
fn opaque_length(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let begins_word = at == 0 || !is_word(chars[at - 1]);
    match rest {
        ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => until_quote(rest, 1, '"'),
        ['\'', '\\', ..] => until_quote(rest, 1, '\''),
        ['\'', c, '\'', ..] if *c != '\'' => 3,
        ['r', ..] if begins_word => raw_string(rest, 1),
        ['b' | 'c', 'r', ..] if begins_word => raw_string(rest, 2),
        _ => 0,
    }
}

/// Block comments nest.
fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Length up to and with the closing `quote`; a backslash hides the character after it.
fn until_quote(rest: &[char], mut at: usize, quote: char) -> usize {
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            c if c == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a raw string whose `#` or quote stands at `prefix`; 0 when it is no raw string.
fn raw_string(rest: &[char], prefix: usize) -> usize {
    let hashes = rest[prefix..].iter().take_while(|&&c| c == '#').count();
    let open = prefix + hashes;
    if rest.get(open) != Some(&'"') {
        return 0;
    }
    let closes = |at: &usize| {
        rest[*at] == '"' && rest[at + 1..].iter().take_while(|&&c| c == '#').count() >= hashes
    };
    (open + 1..rest.len()).find(closes).map_or(rest.len(), |at| at + 1 + hashes)
}

/// Cuts blanked code into tokens; `1.5` is one token, `pair.0.1` five.
pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found: Vec<Token<'_>> = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let after_dot = found.last().is_some_and(|token| token.text == ".");
            let length = match first {
                '0'..='9' if !after_dot => number_length(rest),
                c if is_word(c) => word_length(rest),
                c => c.len_utf8(),
            };
            let (text, after) = rest.split_at(length);
            found.push(Token { text, line: index + 1 });
            rest = after.trim_start();
        }
    }
    found
}

fn word_length(text: &str) -> usize {
    text.find(|c| !is_word(c)).unwrap_or(text.len())
}

fn number_length(text: &str) -> usize {
    let whole = word_length(text);
    match text[whole..].strip_prefix('.') {
        Some(fraction) if fraction.starts_with(|c: char| c.is_ascii_digit()) => {
            whole + 1 + word_length(fraction)
        }
        _ => whole,
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether the token is a name (or keyword), not a number and not punctuation.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Every function with a body, from the line of its `fn` to that of its closing brace.
pub(crate) fn functions(tokens: &[Token<'_>]) -> Vec<Span> {
    let named = tokens.windows(2).enumerate();
    named
        .filter(|(_, pair)| pair[0].text == "fn" && is_name(pair[1].text))
        .filter_map(|(at, pair)| {
            let open = body(tokens, at + 2)?;
            span(tokens, pair[1].text, pair[0].line, open)
        })
        .collect()
}

/// Every `#[cfg(test)] mod NAME { .. }`.
pub(crate) fn test_modules(tokens: &[Token<'_>]) -> Vec<Span> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let marks = tokens.windows(MARK.len()).enumerate();
    marks
        .filter(|(_, window)| window.iter().map(|token| token.text).eq(MARK))
        .filter_map(|(at, window)| {
            let module = after_attributes(tokens, at + MARK.len());
            let [keyword, name, open, ..] = tokens.get(module..)? else { return None };
            let is_block = keyword.text == "mod" && open.text == "{";
            is_block.then(|| span(tokens, name.text, window[0].line, module + 2))?
        })
        .collect()
}

/// Skips further attributes and a visibility.
fn after_attributes(tokens: &[Token<'_>], mut at: usize) -> usize {
    while let Some(token) = tokens.get(at) {
        let group = match token.text {
            "#" => "[",
            "pub" if tokens.get(at + 1).is_some_and(|next| next.text == "(") => "(",
            "pub" => "",
            _ => break,
        };
        at += 1;
        if !group.is_empty() {
            at = closing(tokens, at).map_or(tokens.len(), |close| close + 1);
        }
    }
    at
}

/// Index of the `{` that opens a function's body; none for a declaration.
fn body(tokens: &[Token<'_>], from: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match token.text {
            "(" | "[" => depth += 1,
            ")" | "]" => depth = depth.checked_sub(1)?,
            "{" if depth == 0 => return Some(at),
            ";" if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

fn span(tokens: &[Token<'_>], name: &str, first: usize, open: usize) -> Option<Span> {
    let last = tokens[closing(tokens, open)?].line;
    Some(Span { name: name.to_owned(), first, last })
}

/// Index of the bracket that closes the one at `open`.
fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

#[cfg(test)]
mod tests;
