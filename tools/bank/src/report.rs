// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a conversion could not keep.

use std::collections::BTreeMap;
use std::fmt;

/// How much of something was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It is there in another form.
    Approximate,
    /// It is not there.
    Lost,
}

/// Kinds of losses and how often each was met. Shown, it is one line without an end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    counts: BTreeMap<(Grade, &'static str), u64>,
}

impl Report {
    pub(crate) fn approximate(&mut self, what: &'static str) {
        self.note(Grade::Approximate, what);
    }

    pub(crate) fn lost(&mut self, what: &'static str) {
        self.note(Grade::Lost, what);
    }

    fn note(&mut self, grade: Grade, what: &'static str) {
        *self.counts.entry((grade, what)).or_default() += 1;
    }

    /// Takes in what another conversion could not keep.
    pub fn add(&mut self, other: &Self) {
        for (&key, count) in &other.counts {
            *self.counts.entry(key).or_default() += count;
        }
    }

    /// Everything is as it was.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Grade, description and number of places, what is approximate first.
    pub fn rows(&self) -> impl Iterator<Item = (Grade, &'static str, u64)> {
        self.counts
            .iter()
            .map(|(&(grade, what), &count)| (grade, what, count))
    }

    /// Places of one kind; for tests and tools.
    pub fn count(&self, what: &str) -> u64 {
        self.rows()
            .filter(|row| row.1 == what)
            .map(|row| row.2)
            .sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("everything is kept");
        }
        let mut separator = "";
        for (grade, name) in [(Grade::Lost, "lost"), (Grade::Approximate, "approximate")] {
            let mut lead = name;
            for (_, what, count) in self.rows().filter(|row| row.0 == grade) {
                if lead.is_empty() {
                    write!(f, "{separator}{what} ({count})")?;
                } else {
                    write!(f, "{separator}{lead}: {what} ({count})")?;
                }
                (separator, lead) = (", ", "");
            }
            separator = if separator.is_empty() { "" } else { "; " };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line() {
        let mut report = Report::default();
        assert_eq!(report.to_string(), "everything is kept");
        report.approximate("b");
        assert_eq!(report.to_string(), "approximate: b (1)");
        report.lost("c");
        report.lost("a");
        report.lost("a");
        assert_eq!(report.to_string(), "lost: a (2), c (1); approximate: b (1)");
        let mut sum = report.clone();
        sum.add(&report);
        assert_eq!((sum.count("a"), sum.count("b")), (4, 2));
    }
}
