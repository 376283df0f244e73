//! No clicks where what a listener hears changes hands.

/// What a listener got last; when the sound breaks off it dies away from there.
#[derive(Clone, Copy, Default)]
pub struct Seam {
    last: [f32; 2],
    /// Where the tail starts, and frames of it that are left.
    from: [f32; 2],
    left: u32,
    length: u32,
}

impl Seam {
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
