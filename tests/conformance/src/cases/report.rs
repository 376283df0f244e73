// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was asked, and what came out differently.

use crate::{Completion, NtStatus};
use arioso_core::ks::status;
use std::fmt::Write;

/// Statuses that a row may end with, and the bytes that it must tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// One, where the driver answers; several, where Windows does and the reference leaves it open.
    pub statuses: Vec<NtStatus>,
    /// `IoStatus.Information`.
    pub bytes: usize,
}

impl Expect {
    /// This status alone, and bytes that come back.
    pub fn one(status: NtStatus, bytes: usize) -> Self {
        Self {
            statuses: vec![status],
            bytes,
        }
    }

    /// A refusal: nothing is written.
    pub fn refused(statuses: &[NtStatus]) -> Self {
        Self {
            statuses: statuses.to_vec(),
            bytes: 0,
        }
    }

    /// It came to what is expected.
    pub fn takes(&self, got: Completion) -> bool {
        self.statuses.contains(&got.status) && self.bytes == got.information
    }
}

/// Rows that were run, and the differences.
#[derive(Debug, Default)]
pub struct Report {
    /// Rows that were run.
    pub rows: usize,
    differences: Vec<(String, String)>,
}

impl Report {
    /// Counts a row; notes it if it came out differently.
    pub fn row(&mut self, name: impl FnOnce() -> String, expect: &Expect, got: Completion) {
        self.check(name, expect.takes(got), || {
            let wanted: Vec<String> = expect.statuses.iter().map(|&s| status_name(s)).collect();
            let bytes = expect.bytes;
            format!(
                "    expected {}, {bytes} bytes\n    got      {}, {} bytes",
                wanted.join(" or "),
                status_name(got.status),
                got.information
            )
        });
    }

    /// Counts a row that is right or not.
    pub fn check(
        &mut self,
        name: impl FnOnce() -> String,
        right: bool,
        difference: impl FnOnce() -> String,
    ) {
        self.rows += 1;
        if !right {
            self.differences.push((name(), difference()));
        }
    }

    /// Whether a row whose name has this text came out differently.
    pub fn differs_in(&self, text: &str) -> bool {
        self.differences.iter().any(|(name, _)| name.contains(text))
    }

    /// Names of rows that came out differently, and how.
    pub fn differences(&self) -> &[(String, String)] {
        &self.differences
    }

    /// Panics with the first differences, if there are any.
    pub fn conclude(&self) {
        const SHOWN: usize = 15;
        if self.differences.is_empty() {
            return;
        }
        let mut text = format!("{} of {} rows differ:\n", self.differences.len(), self.rows);
        for (name, difference) in self.differences.iter().take(SHOWN) {
            let _ = writeln!(text, "  {name}\n{difference}");
        }
        panic!("{text}");
    }
}

/// A status by its name, or as a number.
pub fn status_name(code: NtStatus) -> String {
    match status::name(code) {
        Some(name) => name.into(),
        None => format!("{code:#010x}"),
    }
}
