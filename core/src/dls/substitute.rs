// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which instrument plays a patch that a collection does not have (`docs/reference/dls-synth.md` §2.7, §3.11).

use super::convert::PATCH_MASK;
use super::model::{DRUM_KIT, Instrument, find};
use crate::mem::Shared;

/// Bank MSB of drum kits and of melodic instruments in General MIDI 2.
const GM2_DRUMS: u32 = 0x78;
const GM2_MELODIC: u32 = 0x79;

/// The instrument of a patch, else the nearest kin that `find` knows: of a melodic one the same program in another bank, of a kit
/// the one whose program is eight apart (GS), then the standard kit, then any kit. Any IRQL.
///
/// `all` is every patch there is.
pub fn kin<T>(
    patch: u32,
    find: impl Fn(u32) -> Option<T>,
    mut all: impl Iterator<Item = (u32, T)>,
) -> Option<T> {
    let own = find(patch & PATCH_MASK);
    let (msb, program) = (patch >> 16 & 0x7F, patch & 0x7F);
    if patch & DRUM_KIT != 0 {
        let kit =
            |program: u32| find(DRUM_KIT | program).or_else(|| find(GM2_DRUMS << 16 | program));
        return own
            .or_else(|| kit(program))
            .or_else(|| kit(program & !7))
            .or_else(|| kit(0))
            .or_else(|| {
                all.find(|(patch, _)| patch & DRUM_KIT != 0)
                    .map(|found| found.1)
            });
    }
    let bank = |msb: u32| find(msb << 16 | program);
    own.or_else(|| bank(msb))
        .or_else(|| bank(msb & !7))
        .or_else(|| bank(GM2_MELODIC))
        .or_else(|| bank(0))
        .or_else(|| {
            all.find(|(patch, _)| patch & (DRUM_KIT | 0x7F) == program && patch >> 16 != GM2_DRUMS)
                .map(|found| found.1)
        })
}

/// The instrument that plays a patch among some that are sorted by patch: its own, else the nearest kin. Any IRQL.
pub fn instrument(instruments: &[Shared<Instrument>], patch: u32) -> Option<&Shared<Instrument>> {
    let all = instruments.iter().map(|i| (i.patch, i));
    kin(patch, |patch| find(instruments, patch), all)
}

/// The melodic instrument that is nearest to a program which no bank of `all` has: of its family of eight if there is one, then by
/// number. A kit has no such substitute: a melody in place of drums would be noise.
pub fn nearest<T>(patch: u32, all: impl Iterator<Item = (u32, T)>) -> Option<T> {
    if patch & DRUM_KIT != 0 {
        return None;
    }
    let program = patch & 0x7F;
    let distance = |other: u32| {
        let other_program = other & 0x7F;
        (
            other_program >> 3 != program >> 3,
            other_program.abs_diff(program),
            other,
        )
    };
    all.filter(|(patch, _)| patch & DRUM_KIT == 0 && patch >> 16 != GM2_DRUMS)
        .min_by_key(|(patch, _)| distance(*patch))
        .map(|found| found.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn chosen(patch: u32, there: &[u32]) -> Option<u32> {
        let find = |patch| there.iter().copied().find(|&p| p == patch);
        let all = || there.iter().map(|&p| (p, p));
        kin(patch, find, all()).or_else(|| nearest(patch, all()))
    }

    #[test]
    fn a_variation_falls_back_to_its_program() {
        let there = [4, 0x0008_0004, 0x0010_0004, 0x0079_0005, 0x0003_0006];
        for (patch, expected) in [
            (0x0008_0004, 0x0008_0004),
            (0x0008_0104, 0x0008_0004),
            (0x000A_0004, 0x0008_0004),
            (0x0040_0004, 4),
            (5, 0x0079_0005),
            (6, 0x0003_0006),
        ] {
            assert_eq!(chosen(patch, &there), Some(expected), "{patch:#x}");
        }
    }

    #[test]
    fn a_kit_falls_back_to_kits_only() {
        let there = [0, DRUM_KIT, DRUM_KIT | 24, 0x0078_0028];
        for (patch, expected) in [
            (DRUM_KIT | 26, DRUM_KIT | 24),
            (DRUM_KIT | 40, 0x0078_0028),
            (DRUM_KIT | 99, DRUM_KIT),
            (DRUM_KIT | 0x0005_0018, DRUM_KIT | 24),
        ] {
            assert_eq!(chosen(patch, &there), Some(expected), "{patch:#x}");
        }
        assert_eq!(chosen(DRUM_KIT, &[DRUM_KIT | 3]), Some(DRUM_KIT | 3));
        assert_eq!(chosen(DRUM_KIT, &[0, 5]), None);
        assert_eq!(chosen(0, &[DRUM_KIT, 0x0078_0000]), None);
    }

    /// Of each patch the kin in the order of preference: where the first ones are missing, the next one plays. What is no kin never does.
    #[test]
    fn kin_in_the_order_of_preference() {
        const KIT: u32 = DRUM_KIT;
        for (patch, order) in [
            (
                KIT | 0x0012_3423,
                [
                    KIT | 0x0012_3423,
                    KIT | 0x23,
                    0x0078_0023,
                    KIT | 0x20,
                    0x0078_0020,
                    KIT,
                    0x0078_0000,
                    KIT | 0x0001_0203,
                ],
            ),
            (
                0x0013_0123,
                [
                    0x0013_0123,
                    0x0013_0023,
                    0x0010_0023,
                    0x0079_0023,
                    0x23,
                    0x0013_0223,
                    0x0014_0023,
                    0x0079_0123,
                ],
            ),
            // The bits between the fields mean nothing.
            (
                0x7F9F_FFFF,
                [
                    0x001F_7F7F,
                    0x001F_007F,
                    0x0018_007F,
                    0x0079_007F,
                    0x7F,
                    0x0017_007F,
                    0x001F_017F,
                    0x0020_007F,
                ],
            ),
        ] {
            let others: &[u32] = if patch & KIT == 0 {
                // Kits, and other programs of its banks and of those that look like them.
                &[
                    KIT | 0x0013_0123,
                    KIT | 0x23,
                    0x0078_0023,
                    0x0078_007F,
                    0x0013_0122,
                    0x0013_0163,
                    0x0079_0024,
                    0x001F_7F7E,
                    0,
                ]
            } else {
                &[
                    0x0012_3423,
                    0x23,
                    0x20,
                    0,
                    0x0079_0023,
                    0x0078_0021,
                    0x0078_0123,
                ]
            };
            for missing in 0..order.len() {
                let there = [others, &order[missing..]].concat();
                let find = |patch| there.iter().copied().find(|&p| p == patch);
                let found = kin(patch, find, there.iter().map(|&p| (p, p)));
                assert_eq!(found, Some(order[missing]), "{patch:#x} {missing}");
            }
            let found = kin(patch, |_| None, others.iter().map(|&p| (p, p)));
            assert_eq!(found, None, "{patch:#x}");
        }
    }

    /// By brute force over all programs: the family first, then the distance.
    #[test]
    fn a_missing_program_is_played_by_the_nearest() {
        assert_eq!(chosen(48, &[0]), Some(0));
        assert_eq!(chosen(48, &[47, 55]), Some(55));
        assert_eq!(chosen(0x0008_0030, &[0, 0x0001_0028]), Some(0x0001_0028));
        let there = [3, 17, 40, 46, 80, 127];
        for program in 0..128u32 {
            let mut order: Vec<u32> = there.to_vec();
            order.sort_by_key(|&p| (p / 8 != program / 8, p.abs_diff(program)));
            assert_eq!(chosen(program, &there), Some(order[0]), "{program}");
        }
    }
}
