// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices in virtual time.

/// Numbers of a seed (xorshift64*).
pub struct Random(pub u64);

impl Random {
    /// From 0 up to 1.
    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// How a device behaves.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    /// Frames per second, as it says.
    pub rate: u32,
    /// Frames of a call.
    pub period: u32,
    /// How much faster it runs than it says.
    pub ppm: f64,
    /// A call comes up to so many seconds late.
    pub jitter: f64,
}

/// A device that runs.
pub struct Running {
    pub device: Device,
    /// When it calls next.
    pub next: f64,
    /// When it should.
    pub due: f64,
}

impl Device {
    /// From some time in its first period on.
    pub fn start(self, random: &mut Random) -> Running {
        self.start_at(0.0, random)
    }

    /// The same, later.
    pub fn start_at(self, time: f64, random: &mut Random) -> Running {
        let mut running = Running {
            device: self,
            next: 0.0,
            due: time + random.next() * self.seconds(),
        };
        running.draw(random);
        running
    }

    /// Of a period.
    pub fn seconds(self) -> f64 {
        f64::from(self.period) / (f64::from(self.rate) * (1.0 + self.ppm * 1e-6))
    }
}

impl Running {
    /// To the next call.
    pub fn step(&mut self, random: &mut Random) {
        self.due += self.device.seconds();
        self.draw(random);
    }

    fn draw(&mut self, random: &mut Random) {
        // Calls stay in their order.
        self.next = self.next.max(self.due + random.next() * self.device.jitter);
    }
}
