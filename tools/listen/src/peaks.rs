// SPDX-License-Identifier: MIT OR Apache-2.0
//! The worst of the last minutes.

/// Spans that are kept, and how long each is, seconds.
const SPANS: usize = 10;
const SPAN: f64 = 60.0;

/// A maximum over a window that moves.
#[derive(Clone, Debug)]
pub struct Peaks {
    spans: [f64; SPANS],
    current: usize,
    until: Option<f64>,
}

impl Peaks {
    /// Until it is known better, `assumed`.
    pub fn new(assumed: f64) -> Self {
        let mut spans = [0.0; SPANS];
        spans[0] = assumed;
        Self {
            spans,
            current: 0,
            until: None,
        }
    }

    /// A value at a time.
    pub fn add(&mut self, time: f64, value: f64) {
        let until = self.until.get_or_insert(time + SPAN);
        if time >= *until {
            *until = time + SPAN;
            self.current = (self.current + 1) % SPANS;
            self.spans[self.current] = 0.0;
        }
        let span = &mut self.spans[self.current];
        *span = span.max(value);
    }

    /// The largest.
    pub fn peak(&self) -> f64 {
        self.spans.iter().fold(0.0, |a, b| a.max(*b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_is_kept_for_minutes_and_no_longer() {
        let mut peaks = Peaks::new(3.0);
        peaks.add(0.0, 5.0);
        assert_eq!(peaks.peak(), 5.0);
        for minute in 1..10 {
            peaks.add(f64::from(minute) * 60.0, 1.0);
            assert_eq!(peaks.peak(), 5.0, "{minute}");
        }
        peaks.add(600.0, 1.0);
        assert_eq!(peaks.peak(), 1.0);
    }
}
