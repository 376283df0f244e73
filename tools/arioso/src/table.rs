// SPDX-License-Identifier: MIT OR Apache-2.0
//! Text in columns.

use std::fmt;

/// Rows under a heading. Columns whose heading begins with `>` are numbers.
pub struct Table {
    headings: Vec<String>,
    numbers: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(headings: &[&str]) -> Self {
        Self {
            headings: headings.iter().map(|h| h.replace('>', "")).collect(),
            numbers: headings.iter().map(|h| h.starts_with('>')).collect(),
            rows: Vec::new(),
        }
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(printable).collect());
    }
}

/// Names come from files: nothing in them may move the cursor.
fn printable(text: String) -> String {
    text.chars()
        .map(|c| if c.is_control() { '?' } else { c })
        .collect()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut widths: Vec<usize> = self.headings.iter().map(|h| h.chars().count()).collect();
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        for row in std::iter::once(&self.headings).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, &width), &number) in row.iter().zip(&widths).zip(&self.numbers) {
                line.push_str("  ");
                let space = " ".repeat(width - cell.chars().count());
                let (before, after) = if number { (&*space, "") } else { ("", &*space) };
                line.push_str(before);
                line.push_str(cell);
                line.push_str(after);
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// A size for people.
pub fn bytes(count: u64) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{:.1} kB", count as f64 / 1024.0),
        _ => format!("{:.1} MB", count as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let mut table = Table::new(&["name", ">size"]);
        table.row(["piano\u{1b}[2J".into(), "5".into()]);
        table.row(["é".into(), "1234567".into()]);
        assert_eq!(
            table.to_string(),
            // Nine characters, two spaces, seven characters.
            "  name          size\n  piano?[2J        5\n  é          1234567\n"
        );
        assert_eq!(
            [bytes(1023), bytes(1536), bytes(3 << 20)],
            ["1023 B", "1.5 kB", "3.0 MB"]
        );
    }
}
