// SPDX-License-Identifier: MIT OR Apache-2.0
//! Notes that a bank has nothing for.

use crate::player::instrument;
use crate::programs::named;
use crate::song::Song;
use crate::song::instruments::notes;
use arioso_core::dls::file::Collection;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// The notes of one patch that cannot sound.
#[derive(Debug, PartialEq, Eq)]
pub struct Missing {
    pub patch: u32,
    pub notes: usize,
    /// The keys that the instrument lacks; `None`: there is no instrument.
    pub keys: Option<BTreeSet<u8>>,
}

/// Everything of a song that cannot sound.
#[derive(Debug, Default)]
pub struct Unheard(Vec<Missing>);

impl Unheard {
    /// What `bank` lacks of `song`; `missing` are the patches for which it has no instrument.
    pub fn of(song: &Song, bank: &Collection, missing: &[u32]) -> Self {
        let mut keys_of: BTreeMap<u32, Vec<(u16, u16)>> = BTreeMap::new();
        let mut unheard: BTreeMap<u32, Missing> = BTreeMap::new();
        for note in notes(song) {
            let lacks_all = missing.contains(&note.patch);
            let keys = keys_of.entry(note.patch).or_insert_with(|| {
                let regions = instrument(bank, note.patch).into_iter();
                let regions = regions.flat_map(|instrument| {
                    let keys = instrument.regions().map(|region| region.header.keys);
                    keys.collect::<Vec<_>>()
                });
                regions.collect()
            });
            let key = u16::from(note.key);
            if !lacks_all && keys.iter().any(|(low, high)| (*low..=*high).contains(&key)) {
                continue;
            }
            let missing = unheard.entry(note.patch).or_insert_with(|| Missing {
                patch: note.patch,
                notes: 0,
                keys: (!lacks_all).then(BTreeSet::new),
            });
            missing.notes += 1;
            if let Some(keys) = &mut missing.keys {
                keys.insert(note.key);
            }
        }
        let mut all: Vec<Missing> = unheard.into_values().collect();
        all.sort_by_key(|missing| std::cmp::Reverse(missing.notes));
        Self(all)
    }

    pub fn notes(&self) -> usize {
        self.0.iter().map(|missing| missing.notes).sum()
    }

    /// The row's value.
    #[cfg(unix)]
    pub fn row(&self) -> String {
        if self.0.is_empty() {
            "0".into()
        } else {
            format!("{}: {self}", self.notes())
        }
    }

    /// What the user must know, if there is something. `audio` is what sounded, as far as that is known.
    pub fn warning(&self, song: &Song, audio: Option<&[i16]>) -> Option<String> {
        let (all, unheard) = (song.notes(), self.notes());
        let silent = audio.is_some_and(|audio| audio.iter().all(|sample| *sample == 0));
        match (silent, unheard) {
            (true, 0) if all == 0 => Some("nothing sounds: the song has no notes".into()),
            (true, 0) => {
                Some("nothing sounds: the song's notes are too soft, or turned down".into())
            }
            (true, _) => Some(format!("nothing sounds: the bank lacks {self}")),
            (false, 0) => None,
            (false, _) => Some(format!(
                "{unheard} of {all} notes are silent, the bank lacks {self}"
            )),
        }
    }
}

impl fmt::Display for Unheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, missing) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            if let Some(keys) = &missing.keys {
                let keys: Vec<String> = keys.iter().map(u8::to_string).collect();
                let what = if keys.len() == 1 { "key" } else { "keys" };
                write!(f, "{what} {} of ", keys.join(" "))?;
            }
            let what = if missing.notes == 1 { "note" } else { "notes" };
            write!(f, "{}, {} {what}", named(missing.patch), missing.notes)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::song::Event;
    use arioso_core::dls::file::Limits;

    fn song(messages: &[&[u8]]) -> Song {
        let event = |message: &&[u8]| Event {
            time: 0,
            group: 1,
            message: message.to_vec(),
        };
        Song {
            events: messages.iter().map(event).collect(),
            ..Song::default()
        }
    }

    #[test]
    fn what_a_bank_lacks_is_counted_by_patch() {
        // Program 1 and the standard kit, all keys.
        let bytes = arioso_bank::test_banks::dc(48_000);
        let bank = Collection::parse(&bytes, Limits::default().answers).unwrap();
        let song = song(&[
            &[0x90, 60, 1],
            &[0xC1, 127],
            &[0x91, 60, 1],
            &[0x91, 61, 1],
            &[0x91, 61, 0],
            &[0x99, 36, 1],
        ]);
        let unheard = Unheard::of(&song, &bank, &[127]);
        #[cfg(unix)]
        assert_eq!(unheard.row(), "2: program 128 (Gunshot), 2 notes");
        assert_eq!(
            unheard.warning(&song, Some(&[0, 1])).unwrap(),
            "2 of 4 notes are silent, the bank lacks program 128 (Gunshot), 2 notes"
        );
        assert!(
            unheard
                .warning(&song, Some(&[0, 0]))
                .unwrap()
                .starts_with("nothing sounds")
        );
    }
}
