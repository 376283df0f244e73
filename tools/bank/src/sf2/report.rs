//! What the conversion could not keep.

use std::collections::BTreeMap;

/// How much of something was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// It is there in another form.
    Approximate,
    /// It is not there.
    Lost,
}

/// Kinds of losses and how often each was met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    counts: BTreeMap<(Grade, &'static str), u64>,
}

impl Report {
    pub(super) fn approximate(&mut self, what: &'static str) {
        self.note(Grade::Approximate, what);
    }

    pub(super) fn lost(&mut self, what: &'static str) {
        self.note(Grade::Lost, what);
    }

    fn note(&mut self, grade: Grade, what: &'static str) {
        *self.counts.entry((grade, what)).or_default() += 1;
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
