// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a conversion could not keep, in one line.

use arioso_bank::report::{Grade, Report};

/// `None` if everything was kept.
pub fn line(report: &Report) -> Option<String> {
    let of = |wanted: Grade| {
        let rows = report.rows().filter(|(grade, _, _)| *grade == wanted);
        let rows: Vec<String> = rows
            .map(|(_, what, count)| format!("{what} ({count})"))
            .collect();
        rows.join(", ")
    };
    let parts = [("lost", Grade::Lost), ("approximate", Grade::Approximate)];
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(name, grade)| (name, of(grade)))
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(name, rows)| format!("{name}: {rows}"))
        .collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
