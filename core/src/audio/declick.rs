// SPDX-License-Identifier: MIT OR Apache-2.0
//! No clicks where what a listener hears changes hands.

/// What a listener got last; when the sound breaks off it dies away from there.
#[derive(Clone, Copy, Default)]
pub struct Declick {
    last: [f32; 2],
    /// Where the tail starts, and frames of it that are left.
    from: [f32; 2],
    left: u32,
    length: u32,
}

impl Declick {
    /// Frames of a ramp at `rate`: 5 ms.
    pub const fn ramp(rate: u32) -> u32 {
        let frames = rate / 200;
        if frames == 0 { 1 } else { frames }
    }

    /// The next frame does not continue the last one.
    pub fn break_off(&mut self, rate: u32) {
        self.from = self.last;
        self.length = Self::ramp(rate);
        self.left = if self.last == [0.0; 2] {
            0
        } else {
            self.length
        };
    }

    /// The listener got this frame.
    pub fn heard(&mut self, frame: [f32; 2]) {
        self.last = frame;
        self.left = 0;
    }

    /// The next frame of silence, or of the tail before it.
    pub fn silence(&mut self, rate: u32) -> [f32; 2] {
        if self.left == 0 && self.last != [0.0; 2] {
            self.break_off(rate);
        }
        self.join([0.0; 2])
    }

    /// The frame with what is left of the tail.
    pub fn join(&mut self, frame: [f32; 2]) -> [f32; 2] {
        let mut out = frame;
        self.last = frame;
        if self.left != 0 {
            let part = self.left as f32 / self.length.max(1) as f32;
            self.left = self.left.wrapping_sub(1);
            for (to, from) in out.iter_mut().zip(self.from) {
                *to += from * part;
            }
            if self.left != 0 {
                self.last = out;
            }
        }
        out
    }
}

/// Gains of the two channels on their way to where they were set.
#[derive(Clone, Copy)]
pub struct Gain([f32; 2]);

impl Gain {
    /// Gains that stand still.
    pub const fn new(at: [f32; 2]) -> Self {
        Self(at)
    }

    /// The frame's gains: nearer to `target` by what a ramp of 10 ms over the whole range takes.
    pub fn next(&mut self, target: [f32; 2], step: f32) -> [f32; 2] {
        for (now, target) in self.0.iter_mut().zip(target) {
            *now = if target > *now {
                (*now + step).min(target)
            } else {
                (*now - step).max(target)
            };
        }
        self.0
    }

    /// Change per frame at `rate`.
    pub fn step(rate: u32) -> f32 {
        100.0 / rate.max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const RATE: u32 = 48_000;

    /// What broke off dies away along a straight line of 5 ms, and what comes meanwhile lies over it.
    #[test]
    fn the_tail_is_a_line_of_five_milliseconds() {
        let mut declick = Declick::default();
        declick.heard([0.5, -0.25]);
        let tail: Vec<[f32; 2]> = (0..300).map(|_| declick.silence(RATE)).collect();
        let length = RATE as usize / 200;
        for (n, [left, right]) in tail.iter().enumerate() {
            let part = (length as f32 - n as f32).max(0.0) / length as f32;
            assert!((left - 0.5 * part).abs() < 1e-6, "frame {n}: {left}");
            assert!((right + 0.25 * part).abs() < 1e-6, "frame {n}: {right}");
        }
        declick.heard([0.5; 2]);
        declick.break_off(RATE);
        assert_eq!(declick.join([0.25; 2]), [0.75; 2]);
    }

    /// However often it breaks off, no step is larger than the tail's slope.
    #[test]
    fn no_step_where_it_breaks_off_again() {
        let mut declick = Declick::default();
        declick.heard([1.0; 2]);
        let mut last = 1.0f32;
        let slope = 1.0 / Declick::ramp(RATE) as f32;
        for n in 0..2000 {
            if n % 37 == 0 {
                declick.break_off(RATE);
            }
            let [now, _] = declick.silence(RATE);
            assert!((now - last).abs() <= slope + 1e-6, "frame {n}");
            assert!(now <= last, "frame {n}");
            last = now;
        }
        assert!(last < 1e-3);
    }

    /// What a listener hears last is where the tail begins, whatever was dying away before.
    #[test]
    fn a_tail_begins_at_what_was_heard_last() {
        let mut state = 1u32;
        let mut random = |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) % n
        };
        let length = Declick::ramp(RATE);
        let mut declick = Declick::default();
        for _ in 0..200 {
            for _ in 0..random(3 * length) {
                let frame = [random(100) as f32 - 50.0; 2];
                match random(4) {
                    0 => declick.heard(frame),
                    1 => declick.break_off(RATE),
                    2 => {
                        declick.join(frame);
                    }
                    _ => {
                        declick.silence(RATE);
                    }
                }
            }
            declick.silence(RATE);
            let heard = [random(100) as f32 + 1.0, -0.5];
            declick.heard(heard);
            for n in 0..length {
                let part = (length - n) as f32 / length as f32;
                let expected = heard.map(|x| x * part);
                assert_eq!(declick.silence(RATE), expected, "frame {n}");
            }
            assert_eq!(declick.silence(RATE), [0.0; 2]);
        }
    }

    #[test]
    fn silence_stays_silence() {
        let mut declick = Declick::default();
        declick.break_off(RATE);
        assert_eq!(declick.silence(RATE), [0.0; 2]);
        assert_eq!(Declick::ramp(100), 1);
    }

    /// 10 ms over the whole range, at the target to the bit, and no further.
    #[test]
    fn gains_arrive() {
        let mut gain = Gain::new([0.0, 1.0]);
        let step = Gain::step(RATE);
        for n in 1..=480 {
            let [up, down] = gain.next([1.0, 0.0], step);
            let part = n as f32 / 480.0;
            assert!((up - part).abs() < 1e-4 && (down - (1.0 - part)).abs() < 1e-4);
        }
        for _ in 0..4 {
            gain.next([1.0, 0.0], step);
        }
        assert_eq!(gain.next([1.0, 0.0], step), [1.0, 0.0]);
    }
}
