// SPDX-License-Identifier: MIT OR Apache-2.0
//! Conditional chunks (`cdl `): a stack machine that decides whether the list around it counts (DLS 2.2 §2.9).

use super::bytes::{array_at, u16_at, u32_at};

/// What a file may ask about this synthesizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Output sample rate in Hz.
    pub sample_rate: u32,
    /// Bytes available for waves.
    pub sample_memory: u32,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            sample_rate: 48_000,
            sample_memory: 0x7FFF_FFFF,
        }
    }
}

const TRUE: u32 = u32::MAX;

/// DLSIDs as they lie in the file.
pub mod id {
    /// `{first-c364-11d1-a760-0000f875ac12}`
    const fn classic(first: u8) -> [u8; 16] {
        [
            first, 0x2F, 0x8F, 0x17, 0x64, 0xC3, 0xD1, 0x11, 0xA7, 0x60, 0x00, 0x00, 0xF8, 0x75,
            0xAC, 0x12,
        ]
    }

    /// `DLSID_GMInHardware`
    pub const GM_IN_HARDWARE: [u8; 16] = classic(0x24);
    /// `DLSID_GSInHardware`
    pub const GS_IN_HARDWARE: [u8; 16] = classic(0x25);
    /// `DLSID_XGInHardware`
    pub const XG_IN_HARDWARE: [u8; 16] = classic(0x26);
    /// `DLSID_SupportsDLS1`
    pub const SUPPORTS_DLS1: [u8; 16] = classic(0x27);
    /// `DLSID_SampleMemorySize`
    pub const SAMPLE_MEMORY_SIZE: [u8; 16] = classic(0x28);
    /// `{f14599e5-4689-11d2-afa6-00aa0024d8b6}`
    pub const SUPPORTS_DLS2: [u8; 16] = [
        0xE5, 0x99, 0x45, 0xF1, 0x89, 0x46, 0xD2, 0x11, 0xAF, 0xA6, 0x00, 0xAA, 0x00, 0x24, 0xD8,
        0xB6,
    ];
    /// `{2a91f713-a4bf-11d2-bbdf-00600833dbd8}`
    pub const SAMPLE_PLAYBACK_RATE: [u8; 16] = [
        0x13, 0xF7, 0x91, 0x2A, 0xBF, 0xA4, 0xD2, 0x11, 0xBB, 0xDF, 0x00, 0x60, 0x08, 0x33, 0xDB,
        0xD8,
    ];
}

impl Answers {
    /// The value of a DLSID, if it is known.
    fn query(&self, id: &[u8; 16]) -> Option<u32> {
        match *id {
            id::GM_IN_HARDWARE | id::GS_IN_HARDWARE | id::XG_IN_HARDWARE => Some(0),
            id::SUPPORTS_DLS1 | id::SUPPORTS_DLS2 => Some(1),
            id::SAMPLE_MEMORY_SIZE => Some(self.sample_memory),
            id::SAMPLE_PLAYBACK_RATE => Some(self.sample_rate),
            _ => None,
        }
    }

    /// Whether the list around this `cdl ` counts. A malformed condition does not hold.
    pub fn hold(&self, cdl: &[u8]) -> bool {
        self.evaluate(cdl).is_some_and(|top| top != 0)
    }

    fn evaluate(&self, code: &[u8]) -> Option<u32> {
        let mut stack = Stack::default();
        let mut at = 0usize;
        while at < code.len() {
            let opcode = u16_at(code, at)?;
            at = at.checked_add(2)?;
            match opcode {
                0x0F => {
                    let x = stack.pop()?;
                    stack.push(truth(x == 0))?;
                }
                0x10 => {
                    stack.push(u32_at(code, at)?)?;
                    at = at.checked_add(4)?;
                }
                0x11 | 0x12 => {
                    let answer = self.query(&array_at(code, at)?);
                    at = at.checked_add(16)?;
                    stack.push(match opcode {
                        0x11 => answer.unwrap_or(0),
                        _ => truth(answer.is_some()),
                    })?;
                }
                _ => {
                    let x = stack.pop()?;
                    let y = stack.pop()?;
                    stack.push(binary(opcode, x, y)?)?;
                }
            }
        }
        stack.pop()
    }
}

fn truth(value: bool) -> u32 {
    if value { TRUE } else { 0 }
}

/// `x` is the top of the stack, `y` lies below it.
fn binary(opcode: u16, x: u32, y: u32) -> Option<u32> {
    Some(match opcode {
        0x01 => x & y,
        0x02 => x | y,
        0x03 => x ^ y,
        0x04 => x.wrapping_add(y),
        0x05 => x.wrapping_sub(y),
        0x06 => x.wrapping_mul(y),
        0x07 => x.checked_div(y)?,
        0x08 => truth(x != 0 && y != 0),
        0x09 => truth(x != 0 || y != 0),
        0x0A => truth(x < y),
        0x0B => truth(x <= y),
        0x0C => truth(x > y),
        0x0D => truth(x >= y),
        0x0E => truth(x == y),
        _ => return None,
    })
}

#[derive(Default)]
struct Stack {
    values: [u32; 32],
    depth: usize,
}

impl Stack {
    fn push(&mut self, value: u32) -> Option<()> {
        *self.values.get_mut(self.depth)? = value;
        self.depth = self.depth.wrapping_add(1);
        Some(())
    }

    fn pop(&mut self) -> Option<u32> {
        self.depth = self.depth.checked_sub(1)?;
        self.values.get(self.depth).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn constant(value: u32) -> Vec<u8> {
        [&0x10u16.to_le_bytes()[..], &value.to_le_bytes()].concat()
    }

    fn op(opcode: u16) -> Vec<u8> {
        opcode.to_le_bytes().to_vec()
    }

    fn query(opcode: u16, id: [u8; 16]) -> Vec<u8> {
        [&opcode.to_le_bytes()[..], &id].concat()
    }

    fn run(parts: &[Vec<u8>]) -> Option<u32> {
        Answers::default().evaluate(&parts.concat())
    }

    #[test]
    fn binary_operators_take_the_top_first() {
        // y = 6 below x = 3
        for (opcode, expected) in [
            (0x01, 2),
            (0x02, 7),
            (0x03, 5),
            (0x04, 9),
            (0x05, 3u32.wrapping_sub(6)),
            (0x06, 18),
            (0x07, 0),
            (0x08, TRUE),
            (0x09, TRUE),
            (0x0A, TRUE),
            (0x0B, TRUE),
            (0x0C, 0),
            (0x0D, 0),
            (0x0E, 0),
        ] {
            assert_eq!(
                run(&[constant(6), constant(3), op(opcode)]),
                Some(expected),
                "{opcode:#x}"
            );
        }
        assert_eq!(run(&[constant(5), op(0x0F)]), Some(0));
        assert_eq!(run(&[constant(0), op(0x0F)]), Some(TRUE));
    }

    /// Each operator over all pairs of values that are special to one of them; sums and products are modulo 2³².
    #[test]
    fn binary_operators_by_definition() {
        const VALUES: [u32; 8] = [0, 1, 2, 3, 6, 0x7FFF_FFFF, 0x8000_0000, u32::MAX];
        let pairs = VALUES.iter().flat_map(|x| VALUES.map(|y| (*x, y)));
        for (x, y) in pairs {
            let (wide_x, wide_y) = (i128::from(x), i128::from(y));
            let modulo = |wide: i128| Some(wide.rem_euclid(1 << 32) as u32);
            let truth = |holds: bool| Some(if holds { TRUE } else { 0 });
            for (opcode, expected) in [
                (0x01, Some(x & y)),
                (0x02, Some(x | y)),
                (0x03, Some(x ^ y)),
                (0x04, modulo(wide_x + wide_y)),
                (0x05, modulo(wide_x - wide_y)),
                (0x06, modulo(wide_x * wide_y)),
                (0x07, (y != 0).then(|| x / y.max(1))),
                (0x08, truth(x.min(y) > 0)),
                (0x09, truth(x.max(y) > 0)),
                (0x0A, truth(wide_x - wide_y < 0)),
                (0x0B, truth(wide_x - wide_y < 1)),
                (0x0C, truth(wide_x - wide_y > 0)),
                (0x0D, truth(wide_x - wide_y > -1)),
                (0x0E, truth(wide_x - wide_y == 0)),
            ] {
                let result = run(&[constant(y), constant(x), op(opcode)]);
                assert_eq!(result, expected, "{opcode:#x} of {x:#x} and {y:#x}");
            }
        }
    }

    /// DLSID_SamplePlaybackRate is the output rate of the driver, 48 kHz.
    #[test]
    fn the_default_rate_is_the_drivers() {
        assert_eq!(run(&[query(0x11, id::SAMPLE_PLAYBACK_RATE)]), Some(48_000));
    }

    #[test]
    fn queries_push_one_value() {
        assert_eq!(run(&[query(0x11, id::SUPPORTS_DLS2)]), Some(1));
        assert_eq!(run(&[query(0x12, id::SUPPORTS_DLS2)]), Some(TRUE));
        assert_eq!(run(&[query(0x11, id::GM_IN_HARDWARE)]), Some(0));
        assert_eq!(run(&[query(0x12, [7; 16])]), Some(0));
        assert_eq!(run(&[query(0x11, [7; 16])]), Some(0));
        assert_eq!(
            run(&[
                query(0x11, id::SAMPLE_PLAYBACK_RATE),
                constant(44100),
                op(0x0A)
            ]),
            Some(TRUE)
        );
        // One query, one value: the second operand is missing.
        assert_eq!(run(&[query(0x11, id::SUPPORTS_DLS1), op(0x08)]), None);
    }

    #[test]
    fn guards_art1_on_a_dls2_synthesizer() {
        let cdl = [query(0x11, id::SUPPORTS_DLS2), op(0x0F)].concat();
        assert!(!Answers::default().hold(&cdl));
    }

    #[test]
    fn malformed_conditions_do_not_hold() {
        let deep: Vec<u8> = (0..33).flat_map(|_| constant(1)).collect();
        for bad in [
            Vec::new(),
            op(0x01),
            op(0x0F),
            op(0x13),
            op(0),
            [constant(0), constant(1), op(0x07)].concat(),
            constant(1)[..4].to_vec(),
            query(0x11, id::SUPPORTS_DLS1)[..17].to_vec(),
            [constant(1), vec![0x01]].concat(),
            deep,
        ] {
            assert!(!Answers::default().hold(&bad), "{bad:?}");
        }
    }

    use std::vec;
}
