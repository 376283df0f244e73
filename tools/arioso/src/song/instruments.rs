//! Which instruments a song plays.

use super::Song;
use std::collections::{BTreeSet, HashMap};

/// Bit of a DirectMusic patch: drum kit.
pub const DRUMS: u32 = 0x8000_0000;

#[derive(Clone, Copy, Default)]
struct Channel {
    msb: u8,
    lsb: u8,
    /// Of the last program change, with the bank that was latched by then.
    patch: u32,
    drums: bool,
}

/// DirectMusic patches of all channels that play a note, as they are when they play it.
pub fn used(song: &Song) -> BTreeSet<u32> {
    let mut channels: HashMap<(u32, u8), Channel> = HashMap::new();
    let mut patches = BTreeSet::new();
    for event in &song.events {
        let status = event.message[0];
        if status == 0xF0 {
            if let Some((part, drums)) = rhythm_part(&event.message) {
                channels
                    .entry((event.group, part))
                    .or_insert_with(|| fresh(part))
                    .drums = drums;
            }
            continue;
        }
        let number = status & 0x0F;
        let channel = channels
            .entry((event.group, number))
            .or_insert_with(|| fresh(number));
        match (status & 0xF0, event.message.get(1), event.message.get(2)) {
            (0xB0, Some(0), Some(value)) => channel.msb = *value,
            (0xB0, Some(32), Some(value)) => channel.lsb = *value,
            (0xC0, Some(program), _) => {
                channel.patch = u32::from(channel.msb) << 16
                    | u32::from(channel.lsb) << 8
                    | u32::from(*program);
            }
            (0x90, _, Some(velocity)) if *velocity > 0 => {
                // GM2 and XG select kits by bank.
                let kit = channel.drums || matches!(channel.patch >> 16, 0x78 | 0x7E | 0x7F);
                patches.insert(if kit {
                    channel.patch | DRUMS
                } else {
                    channel.patch
                });
            }
            _ => {}
        }
    }
    patches
}

fn fresh(number: u8) -> Channel {
    Channel {
        drums: number == 9,
        ..Channel::default()
    }
}

/// GS "use for rhythm part": channel and whether.
fn rhythm_part(message: &[u8]) -> Option<(u8, bool)> {
    match message {
        [0xF0, 0x41, _, 0x42, 0x12, 0x40, part, 0x15, value, ..] if part & 0xF0 == 0x10 => {
            let channel = match part & 0x0F {
                0 => 9,
                part @ 1..=9 => part - 1,
                part => part,
            };
            Some((channel, *value > 0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Event;
    use super::*;

    fn song(messages: &[&[u8]]) -> Song {
        let events = messages
            .iter()
            .map(|m| Event {
                time: 0,
                group: 1,
                message: m.to_vec(),
            })
            .collect();
        Song { events, length: 0 }
    }

    #[test]
    fn programs_count_when_a_note_plays() {
        let song = song(&[
            &[0xC0, 5],
            &[0xB0, 0, 1],
            &[0x90, 60, 1],
            &[0xC0, 6],
            &[0x90, 60, 0],
            &[0xC1, 7],
            &[0x91, 60, 9],
            &[0x99, 36, 9],
            &[0xC9, 16],
            &[0x99, 36, 9],
        ]);
        assert_eq!(
            used(&song).into_iter().collect::<Vec<_>>(),
            [5, 7, DRUMS, DRUMS | 16]
        );
    }

    #[test]
    fn banks_are_latched_by_the_program() {
        let song = song(&[
            &[0xB2, 0, 8],
            &[0xB2, 32, 1],
            &[0xC2, 4],
            &[0xB2, 0, 0],
            &[0x92, 60, 1],
        ]);
        assert_eq!(used(&song).into_iter().collect::<Vec<_>>(), [0x0008_0104]);
    }

    #[test]
    fn gs_makes_other_channels_drums() {
        let rhythm = [
            0xF0, 0x41, 0x10, 0x42, 0x12, 0x40, 0x1A, 0x15, 2, 0x0F, 0xF7,
        ];
        let song = song(&[&rhythm, &[0x9A, 36, 1], &[0x90, 36, 1]]);
        assert_eq!(used(&song).into_iter().collect::<Vec<_>>(), [0, DRUMS]);
    }
}
