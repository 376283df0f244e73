// SPDX-License-Identifier: MIT OR Apache-2.0
//! An articulation of a zone that plays one velocity for all: what velocity drives becomes constant.

use crate::dls::{Connection, destination as d, source as s};

/// 96 dB, the depth that velocity has by default.
const DEFAULT: i32 = -960 << 16;

/// Replaces the velocity by `velocity` wherever it is an input.
pub fn fix(connections: &mut Vec<Connection>, velocity: u8) {
    let mut fixed: Vec<Connection> = Vec::with_capacity(connections.len() + 2);
    let to_gain =
        |c: &Connection| (c.source, c.control, c.destination) == (s::VELOCITY, s::NONE, d::GAIN);
    let gain = connections.iter().find(|c| to_gain(c)).copied();
    let gain = gain.unwrap_or(Connection {
        // Concave and inverted.
        transform: 0x8400,
        ..Connection::new(s::VELOCITY, s::NONE, d::GAIN, DEFAULT)
    });
    let others = connections.iter().filter(|c| !to_gain(c)).copied();
    for connection in others.chain([gain]) {
        let (mut new, mut factor) = (connection, 1.0);
        if new.source == s::VELOCITY {
            factor *= shaped(new.transform >> 10, velocity);
            new.source = s::NONE;
            new.transform &= 0x03F0;
        }
        if new.control == s::VELOCITY {
            factor *= shaped(new.transform >> 4, velocity);
            new.control = s::NONE;
            new.transform &= 0xFC00;
        }
        if new != connection {
            new.scale = libm::round(f64::from(new.scale) * factor) as i32;
        }
        let same = |old: &&mut Connection| {
            (old.source, old.control, old.destination, old.transform)
                == (new.source, new.control, new.destination, new.transform)
        };
        match fixed.iter_mut().find(same) {
            Some(old) => old.scale = old.scale.saturating_add(new.scale),
            None => fixed.push(new),
        }
    }
    // In the place of the default.
    fixed.push(Connection { scale: 0, ..gain });
    *connections = fixed;
}

/// A velocity through six bits of a transform: four of the curve, bipolar, inverted (DLS 2.2 §1.4).
fn shaped(bits: u16, velocity: u8) -> f64 {
    let value = f64::from(if bits & 0x20 != 0 {
        127 - velocity
    } else {
        velocity
    });
    let bipolar = bits & 0x10 != 0;
    let bent = |x: f64| match bits & 0xF {
        1 => (-5.0 / 12.0 * libm::log10(1.0 - x)).clamp(0.0, 1.0),
        2 => (1.0 + 5.0 / 12.0 * libm::log10(x)).clamp(0.0, 1.0),
        _ => x,
    };
    match (bits & 0xF, bipolar) {
        (0, false) => value / 128.0,
        (0, true) => value / 64.0 - 1.0,
        (3, _) if value >= 64.0 => 1.0,
        (3, true) => -1.0,
        (3, false) => 0.0,
        (_, false) => bent(value / 127.0),
        (_, true) => {
            let x = 2.0 * value / 127.0 - 1.0;
            bent(x.abs()).copysign(x)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves() {
        for (bits, velocity, expected) in [
            (0x00, 64, 0.5),
            (0x20, 127, 0.0),
            (0x10, 64, 0.0),
            (0x21, 127, 0.0),
            (0x21, 1, 0.8766),
            (0x02, 127, 1.0),
            (0x03, 64, 1.0),
            (0x13, 63, -1.0),
            (0x23, 64, 0.0),
        ] {
            let found = shaped(bits, velocity);
            assert!((found - expected).abs() < 1e-4, "{bits:#x}: {found}");
        }
    }

    #[test]
    fn the_default_counts_once() {
        let mut connections = vec![Connection::new(s::VELOCITY, s::NONE, d::FILTER_CUTOFF, 128)];
        connections.push(Connection::constant(d::FILTER_CUTOFF, 1000));
        fix(&mut connections, 64);
        let scale = |source, destination| {
            let found = connections
                .iter()
                .find(|c| (c.source, c.destination) == (source, destination));
            found.map(|c| c.scale)
        };
        assert_eq!(scale(s::NONE, d::FILTER_CUTOFF), Some(1064));
        assert_eq!(scale(s::VELOCITY, d::GAIN), Some(0));
        // 40 log10(64 / 127) dB, in tenths.
        let gain = f64::from(scale(s::NONE, d::GAIN).unwrap()) / 65536.0;
        assert!(
            (gain - 400.0 * (64f64 / 127.0).log10()).abs() < 0.01,
            "{gain}"
        );
    }
}
