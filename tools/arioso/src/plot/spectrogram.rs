// SPDX-License-Identifier: MIT OR Apache-2.0
//! Short-time spectra.

use realfft::RealFftPlanner;
use std::f64::consts::TAU;

/// Frames of a window.
pub const WINDOW: usize = 4096;

/// Magnitudes in dB, 0 being a sine of full scale: `columns` spectra at even distances, each of `WINDOW / 2 + 1` bins. The signal is
/// taken as silent outside; windows are Hann's.
pub fn spectra(signal: &[f32], columns: usize) -> Vec<Vec<f32>> {
    let mut planner = RealFftPlanner::<f32>::new();
    let transform = planner.plan_fft_forward(WINDOW);
    let mut input = transform.make_input_vec();
    let mut output = transform.make_output_vec();
    let window: Vec<f32> = (0..WINDOW)
        .map(|n| (0.5 - 0.5 * (TAU * n as f64 / WINDOW as f64).cos()) as f32)
        .collect();
    // A sine of amplitude 1 gives half the sum of the window.
    let full = window.iter().sum::<f32>() / 2.0;
    (0..columns)
        .map(|column| {
            let middle = (2 * column + 1) * signal.len() / (2 * columns.max(1));
            for (n, (value, weight)) in input.iter_mut().zip(&window).enumerate() {
                let at = (middle + n).checked_sub(WINDOW / 2);
                let sample = at.and_then(|at| signal.get(at)).copied().unwrap_or(0.0);
                *value = sample * weight;
            }
            transform
                .process(&mut input, &mut output)
                .expect("the vectors are the plan's own");
            output
                .iter()
                .map(|bin| 20.0 * (bin.norm() / full).max(1e-10).log10())
                .collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sine_is_a_line_at_its_level() {
        const BIN: usize = 100;
        let sine: Vec<f32> = (0..4 * WINDOW)
            .map(|n| (0.5 * (TAU * (BIN * n) as f64 / WINDOW as f64).sin()) as f32)
            .chain(std::iter::repeat_n(0.0, 4 * WINDOW))
            .collect();
        let columns = spectra(&sine, 8);
        assert_eq!(columns.len(), 8);
        for (number, column) in columns.iter().enumerate() {
            assert_eq!(column.len(), WINDOW / 2 + 1);
            if number >= 4 {
                assert!(column.iter().all(|level| *level < -150.0), "silence");
                continue;
            }
            // Half of full scale, and Hann's two neighbours at half of that.
            let due = |level: f32, by: f32| assert!((level - by).abs() < 0.01, "{level}, not {by}");
            due(column[BIN], -6.0206);
            due(column[BIN - 1], -12.0412);
            due(column[BIN + 1], -12.0412);
            let rest = column
                .iter()
                .enumerate()
                .filter(|(n, _)| n.abs_diff(BIN) > 1);
            assert!(rest.into_iter().all(|(_, level)| *level < -90.0));
        }
    }
}
