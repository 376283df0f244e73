// SPDX-License-Identifier: MIT OR Apache-2.0
//! A bank of 4 MB on its way into the driver's store, and the same bank once more from another client.

use anyhow::{Context, Result, ensure};
use arioso_core::dls::store::{Quotas, Store};
use arioso_count::material::RATE;
use conformance::download;
use std::time::{Duration, Instant};

/// Waves of the bank, and bytes of each.
const WAVES: u32 = 64;
const BYTES: usize = 65_536;

/// The bank's download buffers, and the shortest times so far.
pub struct Downloads {
    buffers: Vec<Vec<u8>>,
    first: Duration,
    again: Duration,
}

impl Downloads {
    pub fn new() -> Self {
        let buffers = (0..WAVES).map(|id| {
            let noise = |n: usize| (n as u32 ^ id).wrapping_mul(2_654_435_761).to_le_bytes()[3];
            let data: Vec<u8> = (0..BYTES).map(noise).collect();
            download::wave(id, RATE, 16, &data)
        });
        Self {
            buffers: buffers.collect(),
            first: Duration::MAX,
            again: Duration::MAX,
        }
    }

    pub fn round(&mut self) -> Result<()> {
        let mut store = Store::new(Quotas::default());
        self.first = self.first.min(self.download(&mut store, 0)?);
        let bytes = store.total().bytes;
        self.again = self.again.min(self.download(&mut store, 1)?);
        ensure!(
            store.total().bytes == bytes,
            "a second identical bank takes new memory"
        );
        Ok(())
    }

    fn download(&self, store: &mut Store, port: u8) -> Result<Duration> {
        let begin = Instant::now();
        for buffer in &self.buffers {
            let done = store.download(port, buffer);
            done.ok().context("the store refuses a download")?;
        }
        Ok(begin.elapsed())
    }

    /// The figures.
    pub fn line(&self) -> String {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        format!(
            "download of {} MB to the store: {:.2} ms; the same bank again, from another client: {:.2} ms and no new memory",
            (WAVES as usize * BYTES) >> 20,
            ms(self.first),
            ms(self.again)
        )
    }
}
