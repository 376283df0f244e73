// SPDX-License-Identifier: MIT OR Apache-2.0
//! What there is to do after a round of work.

/// What there is to do after a round of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More is due.
    Now,
    /// The next event is due in so many 100 ns.
    In(i64),
    /// Nothing is held.
    Nothing,
}

impl Next {
    /// What comes first of two.
    pub fn sooner(self, other: Self) -> Self {
        match (self, other) {
            (Self::Now, _) | (_, Self::Now) => Self::Now,
            (Self::In(a), Self::In(b)) => Self::In(a.min(b)),
            (Self::In(delay), Self::Nothing) | (Self::Nothing, Self::In(delay)) => Self::In(delay),
            (Self::Nothing, Self::Nothing) => Self::Nothing,
        }
    }
}
