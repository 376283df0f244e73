// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is odd about a file: counted by kind, told in one line.

use std::fmt;

/// A kind of oddity, and where it was met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// Byte of the file at which it was found first.
    pub at: usize,
    /// What was found.
    pub found: &'static str,
    /// What is done about it.
    pub done: &'static str,
    /// How often.
    pub count: usize,
}

/// All oddities of a file, in the order of their finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities(Vec<Oddity>);

impl Oddities {
    /// Counts one.
    pub(super) fn note(&mut self, at: usize, found: &'static str, done: &'static str) {
        let known = self
            .0
            .iter_mut()
            .find(|oddity| (oddity.found, oddity.done) == (found, done));
        match known {
            Some(oddity) => oddity.count += 1,
            None => self.0.push(Oddity {
                at,
                found,
                done,
                count: 1,
            }),
        }
    }

    /// The file is as the format wants it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// One for each kind.
    pub fn iter(&self) -> impl Iterator<Item = &Oddity> {
        self.0.iter()
    }
}

/// One line: `at byte 25 a data byte above 7F (and 3 more): cut to 7F; at byte 90 …`
impl fmt::Display for Oddities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, oddity) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            write!(f, "at byte {} {}", oddity.at, oddity.found)?;
            if oddity.count > 1 {
                write!(f, " (and {} more)", oddity.count - 1)?;
            }
            write!(f, ": {}", oddity.done)?;
        }
        Ok(())
    }
}
