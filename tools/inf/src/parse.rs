// SPDX-License-Identifier: MIT OR Apache-2.0
//! The text as sections, entries and fields.

use crate::Finding;

/// A file, its strings put in.
#[derive(Clone, Debug, Default)]
pub struct Inf {
    /// In the order of their first lines; sections of one name are one section.
    pub sections: Vec<Section>,
    /// `%tokens%` that `[Strings]` does not define; they stay in the fields as they are.
    pub undefined: Vec<Undefined>,
}

/// A section: all of its parts, in the file's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// As it is written.
    pub name: String,
    /// Of its first header, from 1.
    pub line: usize,
    /// Its lines.
    pub entries: Vec<Entry>,
}

/// `key = value, value, …` or `value, value, …`; quotes are taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// From 1; of the first one if the entry goes on over several.
    pub line: usize,
    /// What stands before the equals sign.
    pub key: Option<String>,
    /// What stands behind it, between the commas.
    pub values: Vec<String>,
}

/// A string token without a string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undefined {
    /// Where it is used.
    pub section: String,
    /// Line in the INF.
    pub line: usize,
    /// The token, without its percent signs.
    pub token: String,
}

impl Entry {
    /// Field `index`, empty if there is none.
    #[must_use]
    pub fn value(&self, index: usize) -> &str {
        self.values.get(index).map_or("", String::as_str)
    }

    /// Whether it is a directive of this name.
    #[must_use]
    pub fn is(&self, directive: &str) -> bool {
        self.key
            .as_ref()
            .is_some_and(|key| key.eq_ignore_ascii_case(directive))
    }
}

impl Section {
    /// The first entry of this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.is(key))
    }
}

/// The text of a file: UTF-16LE with a byte order mark, ASCII, or ANSI, which is read as Windows-1252 is (Windows takes the code page of
/// the machine).
///
/// # Errors
/// UTF-8, which Windows takes for ANSI.
pub fn decode(bytes: &[u8]) -> Result<String, Finding> {
    let wrong = |line, message: &str| finding("encoding", "", line, message.to_string());
    if let Some(wide) = bytes.strip_prefix(&[0xFF, 0xFE]) {
        let (pairs, rest) = wide.as_chunks::<2>();
        let units = pairs.iter().map(|pair| u16::from_le_bytes(*pair));
        let text: Result<String, _> = char::decode_utf16(units).collect();
        return match text {
            Ok(text) if rest.is_empty() => Ok(text),
            _ => Err(wrong(1, "not UTF-16: save the file again")),
        };
    }
    match bytes.iter().position(|byte| !byte.is_ascii()) {
        Some(at) if std::str::from_utf8(bytes).is_ok() => Err(wrong(
            1 + bytes[..at].iter().filter(|&&byte| byte == b'\n').count(),
            "UTF-8, which Windows does not read: save the file as UTF-16LE with a byte order mark",
        )),
        _ => Ok(bytes.iter().map(|&byte| ansi(byte)).collect()),
    }
}

/// Windows-1252.
fn ansi(byte: u8) -> char {
    const HIGH: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž',
        '\u{8f}', '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}',
        'ž', 'Ÿ',
    ];
    match byte {
        0x80..=0x9F => HIGH[usize::from(byte - 0x80)],
        byte => char::from(byte),
    }
}

/// The text behind a comment of C's kind before the first section, on lines of the same numbers.
fn without_head(text: &str) -> String {
    let start = text.trim_start();
    let Some(end) = start.strip_prefix("/*").and_then(|rest| rest.find("*/")) else {
        return text.to_string();
    };
    let head = text.len() - start.len() + 2 + end + 2;
    let lines = text[..head].matches('\n').count();
    "\n".repeat(lines) + &text[head..]
}

impl Inf {
    /// # Errors
    /// The first line that is no INF syntax.
    pub fn parse(text: &str) -> Result<Self, Finding> {
        let mut inf = Self::default();
        let mut current = None;
        for (line, text) in joined(&without_head(text)) {
            let text = text.trim();
            let name = current.map_or("", |at: usize| inf.sections[at].name.as_str());
            if let Some(rest) = text.strip_prefix('[') {
                let Some(name) = rest.strip_suffix(']') else {
                    let message = "the section's name has no ]".to_string();
                    return Err(finding("syntax", name, line, message));
                };
                current = Some(inf.enter(name.trim(), line));
            } else if !text.is_empty() {
                let entry =
                    entry(text, line).map_err(|message| finding("syntax", name, line, message))?;
                let Some(at) = current else {
                    let message = "a line before the first section".to_string();
                    return Err(finding("syntax", "", line, message));
                };
                inf.sections[at].entries.push(entry);
            }
        }
        inf.put_strings_in();
        Ok(inf)
    }

    /// The section of this name.
    #[must_use]
    pub fn section(&self, name: &str) -> Option<&Section> {
        self.sections
            .iter()
            .find(|section| section.name.eq_ignore_ascii_case(name))
    }

    fn enter(&mut self, name: &str, line: usize) -> usize {
        let known = |section: &Section| section.name.eq_ignore_ascii_case(name);
        self.sections.iter().position(known).unwrap_or_else(|| {
            self.sections.push(Section {
                name: name.to_string(),
                line,
                entries: Vec::new(),
            });
            self.sections.len() - 1
        })
    }

    fn put_strings_in(&mut self) {
        let strings: Vec<(String, String)> =
            self.section("Strings").map_or(Vec::new(), |section| {
                let pair = |entry: &Entry| Some((entry.key.clone()?, entry.value(0).to_string()));
                section.entries.iter().filter_map(pair).collect()
            });
        let undefined = &mut self.undefined;
        for section in &mut self.sections {
            if section.name.eq_ignore_ascii_case("Strings") {
                continue;
            }
            for entry in &mut section.entries {
                for text in entry.key.iter_mut().chain(&mut entry.values) {
                    *text = expand(text, &strings, |token| {
                        undefined.push(Undefined {
                            section: section.name.clone(),
                            line: entry.line,
                            token: token.to_string(),
                        });
                    });
                }
            }
        }
    }
}

pub(crate) fn finding(rule: &'static str, section: &str, line: usize, message: String) -> Finding {
    Finding {
        rule,
        section: section.to_string(),
        line,
        message,
    }
}

/// Lines with their numbers, without comments; a `\` at the end joins a line with the next.
fn joined(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (index, line) in text.lines().enumerate() {
        let line = without_comment(line).trim_end();
        let (line, more) = match line.strip_suffix('\\') {
            Some(line) => (line, true),
            None => (line, false),
        };
        match lines.last_mut() {
            Some((_, last)) if goes_on => last.push_str(line.trim_start()),
            _ => lines.push((index + 1, line.to_string())),
        }
        goes_on = more;
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, c) in line.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

fn entry(text: &str, line: usize) -> Result<Entry, String> {
    let mut key = None;
    let mut values = Vec::new();
    let mut field = String::new();
    // Where a quoted part of the field ended: white space after it is no part of it, within it is.
    let mut kept = 0;
    let mut quoted = false;
    let mut characters = text.chars().peekable();
    let take = |field: &mut String, kept: &mut usize| {
        let end = (*kept).max(field.trim_end().len());
        field.truncate(end);
        *kept = 0;
        std::mem::take(field)
    };
    while let Some(c) = characters.next() {
        match c {
            '"' if quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' => {
                quoted = !quoted;
                kept = field.len();
            }
            '=' if !quoted && key.is_none() && values.is_empty() => {
                key = Some(take(&mut field, &mut kept));
            }
            ',' if !quoted => values.push(take(&mut field, &mut kept)),
            c if c.is_whitespace() && !quoted && field.is_empty() => {}
            c => field.push(c),
        }
    }
    if quoted {
        return Err("a quote is not closed".to_string());
    }
    if key.as_ref().is_some_and(String::is_empty) {
        return Err("nothing before the =".to_string());
    }
    values.push(take(&mut field, &mut kept));
    Ok(Entry { line, key, values })
}

/// Puts strings in place of `%tokens%`. A number is a directory, `%%` a percent sign.
fn expand(text: &str, strings: &[(String, String)], mut unknown: impl FnMut(&str)) -> String {
    let mut done = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        done.push_str(before);
        let Some((token, after)) = after.split_once('%') else {
            unknown(after);
            done.push('%');
            rest = after;
            continue;
        };
        let found = strings
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(token));
        match found {
            _ if token.is_empty() => done.push('%'),
            Some((_, string)) => done.push_str(string),
            None => {
                if !token.bytes().all(|c| c.is_ascii_digit()) {
                    unknown(token);
                }
                done.push_str(&format!("%{token}%"));
            }
        }
        rest = after;
    }
    done + rest
}

#[cfg(test)]
mod tests {
    use super::{Inf, decode};

    fn only(text: &str) -> (Option<String>, Vec<String>) {
        let inf = Inf::parse(&format!("[a]\n{text}\n[Strings]\nx=\"X, Y\"\n")).unwrap();
        let entry = &inf.section("A").unwrap().entries[0];
        (entry.key.clone(), entry.values.clone())
    }

    #[test]
    fn fields() {
        let cases: &[(&str, Option<&str>, &[&str])] = &[
            ("k = v", Some("k"), &["v"]),
            (
                "HKR,,n,0x1, \"a;b, \"\"c\"\" \" ; d",
                None,
                &["HKR", "", "n", "0x1", "a;b, \"c\" "],
            ),
            (
                "%X% = %x%, 100%%, %13%\\f",
                Some("X, Y"),
                &["X, Y", "100%", "%13%\\f"],
            ),
            ("k = a,\\\n  b", Some("k"), &["a", "b"]),
            ("k =", Some("k"), &[""]),
            ("k = \"a=b\" , c d ", Some("k"), &["a=b", "c d"]),
        ];
        for (text, key, values) in cases {
            let values = values.iter().map(ToString::to_string).collect();
            assert_eq!(only(text), (key.map(str::to_string), values), "{text}");
        }
    }

    #[test]
    fn sections_of_one_name_are_one() {
        let inf = Inf::parse("[a]\nb\n[C]\nd\n[A]\ne").unwrap();
        let lines = |name| inf.section(name).unwrap().entries.iter().map(|e| e.line);
        assert_eq!(lines("a").collect::<Vec<_>>(), [2, 6]);
        assert_eq!(lines("c").collect::<Vec<_>>(), [4]);
        assert_eq!(inf.sections.len(), 2);
    }

    #[test]
    fn a_comment_may_come_first() {
        let inf = Inf::parse("/*++\n Module:\n = [x]\n--*/\n[a]\nb").unwrap();
        assert_eq!(inf.sections.len(), 1);
        assert_eq!(inf.sections[0].entries[0].line, 6);
        assert!(Inf::parse("/*++\n[a]\nb").is_err());
    }

    #[test]
    fn bad_syntax_is_named() {
        for (text, line, message) in [
            ("a\n[b]", 1, "before the first section"),
            ("[a]\n[b", 2, "has no ]"),
            ("[a]\n\nb = \"c", 3, "a quote is not closed"),
            ("[a]\n= c", 2, "nothing before the ="),
        ] {
            let error = Inf::parse(text).unwrap_err();
            assert_eq!((error.rule, error.line), ("syntax", line), "{text}");
            assert!(error.message.contains(message), "{error}");
        }
    }

    #[test]
    fn encodings() {
        let wide = |text: &str| -> Vec<u8> {
            let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
            units.flat_map(u16::to_le_bytes).collect()
        };
        assert_eq!(decode(&wide("[ä]")).unwrap(), "[ä]");
        assert_eq!(decode(b"[a]").unwrap(), "[a]");
        assert_eq!(decode("\u{feff}[a]".as_bytes()).unwrap_err().line, 1);
        assert_eq!(decode("[a]\nä".as_bytes()).unwrap_err().line, 2);
        assert_eq!(decode(b"; \xA9\n[\xE4\x80]").unwrap(), "; ©\n[ä€]");
        assert_eq!(decode(&[0xFF, 0xFE, 0x41]).unwrap_err().rule, "encoding");
    }
}
