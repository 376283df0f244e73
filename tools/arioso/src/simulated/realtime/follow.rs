// SPDX-License-Identifier: MIT OR Apache-2.0
//! The settings' file while the driver plays: what was changed in it, and what of that counts.

use super::pace::Change;
use crate::bank;
use crate::failure::Result;
use crate::player::PinKind;
use crate::settings::Store;
use crate::simulated::settings;
use crate::song::Song;
use arioso_cli::numbers::NUMBERS;
use std::collections::BTreeMap;
use std::path::PathBuf;

const LEAD: &str = "EndpointLead";

/// Numbers and banks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Choice {
    numbers: BTreeMap<String, u32>,
    banks: Vec<PathBuf>,
}

impl Choice {
    /// Whether the driver has nothing to read that it has not read for the other.
    fn reads_as(&self, other: &Self) -> bool {
        let mut numbers = NUMBERS.iter().filter(|number| number.of_the_bank());
        let same = |name: &str| self.numbers.get(name) == other.numbers.get(name);
        self.banks == other.banks && numbers.all(|number| same(number.name))
    }
}

/// Looks at the file again and again.
pub struct Follower {
    /// Where the file is.
    folder: PathBuf,
    /// The command's own, which count whatever the file has.
    named: BTreeMap<String, u32>,
    banks: Vec<PathBuf>,
    /// What the driver plays with.
    played: Choice,
    /// What was said of a file that cannot be used: it is said once.
    said: Option<String>,
}

/// What a look has found.
pub enum Look {
    /// All is as it was.
    Same,
    /// The driver has to hear of it.
    Changed(Change),
    /// The file, or the bank that it names, cannot be used: all stays as it was.
    Unusable(String),
}

impl Follower {
    /// `named` and `banks` are the command's own, which count more than the file.
    pub fn new(folder: PathBuf, named: BTreeMap<String, u32>, banks: Vec<PathBuf>) -> Self {
        Self {
            folder,
            named,
            banks,
            played: Choice::default(),
            said: None,
        }
    }

    /// What to start with, and what to say about its bank.
    ///
    /// # Errors
    ///
    /// A file or a bank that cannot be used.
    pub fn first(&mut self) -> Result<(Change, Vec<String>)> {
        let choice = self.choice()?;
        let loaded = bank::load(&choice.banks, &Song::default(), PinKind::Midi)?;
        let change = Change {
            numbers: choice.numbers.clone(),
            bank: Some(loaded.dls),
        };
        self.played = choice;
        Ok((change, loaded.notes))
    }

    /// Whether something is to be played with that is not.
    pub fn look(&mut self) -> Look {
        let choice = match self.choice() {
            Ok(choice) => choice,
            Err(why) => return self.unusable(why.to_string()),
        };
        if choice == self.played {
            self.said = None;
            return Look::Same;
        }
        let bank = match choice.reads_as(&self.played) {
            true => None,
            false => match bank::load(&choice.banks, &Song::default(), PinKind::Midi) {
                Ok(loaded) => Some(loaded.dls),
                Err(why) => return self.unusable(why.to_string()),
            },
        };
        self.said = None;
        let change = Change {
            numbers: choice.numbers.clone(),
            bank,
        };
        self.played = choice;
        Look::Changed(change)
    }

    fn unusable(&mut self, why: String) -> Look {
        if self.said.as_ref() == Some(&why) {
            return Look::Same;
        }
        self.said = Some(why.clone());
        Look::Unusable(why)
    }

    /// What the file and the command say.
    fn choice(&self) -> Result<Choice> {
        let settings = settings::open_in(self.folder.clone())?;
        // In virtual time no slice is late: none is made further ahead than it must be, if nobody says otherwise.
        let mut numbers = BTreeMap::from([(LEAD.to_owned(), 1)]);
        numbers.extend(settings.numbers());
        numbers.extend(self.named.clone());
        let banks = match self.banks.is_empty() {
            true => settings.bank()?.into_iter().collect(),
            false => self.banks.clone(),
        };
        Ok(Choice { numbers, banks })
    }
}
