// SPDX-License-Identifier: MIT OR Apache-2.0
//! Just enough of Rust's grammar to tell code from comments, literals and tests.

/// The text with comments, literals and items that only a test build has replaced by blanks; lines stay lines.
pub fn code_outside_tests(text: &str) -> String {
    let code = code(text);
    let mut kept = String::with_capacity(code.len());
    let mut rest = code.as_str();
    while let Some(at) = rest.find("#[cfg(") {
        let (before, item) = rest.split_at(at);
        kept.push_str(before);
        let condition = &item[..item.find(']').unwrap_or(item.len())];
        let of_test = has_word(condition, "test") && !condition.contains("not(test");
        let (item, after) = item.split_at(if of_test {
            item_length(item)
        } else {
            condition.len()
        });
        kept.extend(
            item.chars()
                .map(|c| if c == '\n' || !of_test { c } else { ' ' }),
        );
        rest = after;
    }
    kept + rest
}

/// The modules in files of their own that only a test build has: their names, or their `#[path]`.
pub fn test_modules(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[cfg(").skip(1).filter_map(|item| {
        let (condition, mut rest) = item.split_once(")]")?;
        if !has_word(condition, "test") || condition.contains("not(test") {
            return None;
        }
        let mut path = None;
        if let Some(after) = rest.trim_start().strip_prefix("#[path = \"") {
            let (name, after) = after.split_once("\"]")?;
            (path, rest) = (Some(name), after);
        }
        let declaration = rest.trim_start().lines().next()?.strip_suffix(';')?;
        let (visibility, name) = declaration.split_once("mod ")?;
        (visibility.is_empty() || visibility.starts_with("pub")).then(|| path.unwrap_or(name))
    })
}

/// Whether a word stands in a line by itself.
pub fn has_word(line: &str, word: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|part| part == word)
}

/// The length of the item at the start of the text: up to a semicolon or the end of its braces.
fn item_length(text: &str) -> usize {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            ';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The text with comments and the contents of literals replaced by blanks.
fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = comment(rest).or_else(|| literal(rest)).unwrap_or(0);
        if blank == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (skipped, after) = rest.split_at(blank);
        code.extend(skipped.chars().map(|c| if c == '\n' { c } else { ' ' }));
        rest = after;
    }
    code
}

/// The length of the comment at the start of the text.
fn comment(text: &str) -> Option<usize> {
    if text.starts_with("//") {
        return Some(text.find('\n').unwrap_or(text.len()));
    }
    text.starts_with("/*")
        .then(|| text.find("*/").map_or(text.len(), |end| end + 2))
}

/// The length of the string or character literal at the start of the text.
fn literal(text: &str) -> Option<usize> {
    if let Some(raw) = text.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", "#".repeat(hashes));
            let start = 1 + hashes + 1;
            return Some(
                text[start..]
                    .find(&end)
                    .map_or(text.len(), |at| start + at + end.len()),
            );
        }
    }
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            // A lifetime, not a character.
            _ if quote == '\'' && at > 1 && !escaped && c != '\'' && !text.starts_with("'\\") => {
                return None;
            }
            '\\' if !escaped => escaped = true,
            c if c == quote && !escaped => return Some(at + 1),
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_comments_and_literals() {
        assert_eq!(code("a // b\nc"), "a     \nc");
        assert_eq!(code("a /* b */ c"), "a         c");
        assert_eq!(code(r#"f("x\"y") g"#), "f(      ) g");
        assert_eq!(code("r#\"a\"b\"# c"), "         c");
        assert_eq!(code("'{' '\\'' &'a str"), "         &'a str");
    }

    #[test]
    fn keeps_what_follows_a_test_module() {
        let kept = code_outside_tests("a\n#[cfg(test)]\nmod t { { b } }\nc");
        assert!(kept.contains('a') && kept.contains('c') && !kept.contains('b'));
        assert_eq!(kept.lines().count(), 4);
    }

    #[test]
    fn knows_what_a_test_build_is() {
        assert!(!code_outside_tests("#[cfg(all(test, not(loom)))]\nmod t { b }").contains('b'));
        assert!(code_outside_tests("#[cfg(not(test))]\nmod t { b }").contains('b'));
        assert!(code_outside_tests("#[cfg(feature = \"x\")]\nmod t { b }").contains('b'));
    }

    #[test]
    fn finds_the_modules_of_tests() {
        let text = "#[cfg(test)]\npub(crate) mod a;\nmod b;\n#[cfg(all(test, not(loom)))]\n#[path = \"c_tests.rs\"]\nmod tests;\n\
                    #[cfg(test)]\nmod d {\n}\n#[cfg(not(test))]\nmod e;\n#[cfg(test)]\nuse f;\n";
        assert_eq!(test_modules(text).collect::<Vec<_>>(), ["a", "c_tests.rs"]);
    }

    #[test]
    fn words() {
        assert!(has_word("x = unsafe {", "unsafe"));
        assert!(!has_word("deny(unsafe_code)", "unsafe"));
    }
}
