// SPDX-License-Identifier: MIT OR Apache-2.0
//! `arioso settings`, and `bank use` and `bank list`: what the driver plays with. Where it is kept and who is told is the system's business
//! ([`Store`]): on Windows the driver's registry values, on Linux the simulated machine's file.

pub mod library;

use crate::failure::{Failure, Kind, Result};
use crate::messages;
use crate::system::settings as own;
use crate::table::Table;
use arioso_cli::numbers::{self, BANK, NUMBERS, Number, Setting};
use clap::Subcommand;
use std::path::{Path, PathBuf};

/// What the commands say.
#[derive(Subcommand)]
pub enum Command {
    /// Show all settings: value, default, range, meaning
    List,
    /// Print the value of one
    Get {
        /// Its name, as list shows it
        name: String,
    },
    /// Set one
    #[command(after_help = help())]
    Set {
        /// Its name
        name: String,
        /// Its value: a number or its word; for BankPath a DLS or SoundFont file
        value: String,
    },
    /// Take one, or all, back to the default
    Reset {
        /// Its name [default: all of them]
        name: Option<String>,
    },
}

/// The settings for the help.
fn help() -> String {
    let mut table = Table::new(&["Settings", "range", "default", "", "meaning"]);
    for number in &NUMBERS {
        table.row([
            number.name.into(),
            number.span(),
            number.show(number.default),
            when(number).into(),
            number.meaning.into(),
        ]);
    }
    format!(
        "{table}  {BANK}        a DLS or SoundFont file: the instruments of all programs (as arioso bank use)"
    )
}

fn when(number: &Number) -> &'static str {
    match number.live {
        true => "at once",
        false => "at start",
    }
}

/// What was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    /// A number that counts at once.
    pub live: bool,
    /// A number that counts when the device starts.
    pub fixed: bool,
    pub bank: bool,
}

/// Where settings lie, and who follows them.
pub trait Store {
    /// What is set; `None`: nothing, the default counts.
    fn number(&self, name: &str) -> Result<Option<u32>>;
    /// Sets a number, or takes it back to `default`.
    fn set_number(&mut self, name: &str, value: Option<u32>, default: u32) -> Result<()>;
    /// The bank that is set.
    fn bank(&self) -> Result<Option<PathBuf>>;
    /// Sets a file of the library, or the default.
    fn set_bank(&mut self, file: Option<&Path>) -> Result<()>;
    /// What the default bank is, for people.
    fn default_bank(&self) -> String;
    /// The directory in which banks are kept.
    fn library(&self) -> Result<PathBuf>;
    /// Tells the driver; says in some words when the change counts.
    fn tell(&mut self, changed: Changed) -> Result<String>;
}

/// `arioso settings`
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::List => list(&own::open(false)?),
        Command::Get { name } => {
            let setting = known(&name)?;
            let store = own::open(false)?;
            messages::say(match setting {
                Setting::Number(number) => value(&store, number)?.to_string(),
                Setting::Bank => match store.bank()? {
                    Some(path) => path.display().to_string(),
                    None => store.default_bank(),
                },
            })
        }
        Command::Set { name, value } => match known(&name)? {
            Setting::Bank => library::use_bank(Path::new(&value)),
            Setting::Number(number) => {
                let value = number.parse(&value).map_err(usage)?;
                let mut store = own::open(true)?;
                let line = set_number(&mut store, number, Some(value))?;
                messages::say(line)
            }
        },
        Command::Reset { name } => {
            let setting = name.as_deref().map(known).transpose()?;
            let mut store = own::open(true)?;
            messages::say(match setting {
                Some(Setting::Number(number)) => set_number(&mut store, number, None)?,
                Some(Setting::Bank) => library::use_default(&mut store)?,
                None => reset(&mut store)?,
            })
        }
    }
}

fn usage(message: String) -> Failure {
    Failure::new(Kind::Usage, message)
}

fn known(name: &str) -> Result<Setting> {
    numbers::find(name).map_err(usage)
}

fn value(store: &impl Store, number: &Number) -> Result<u32> {
    Ok(store.number(number.name)?.unwrap_or(number.default))
}

fn list(store: &impl Store) -> Result<()> {
    let mut table = Table::new(&["name", "value", "default", "range", "counts", "meaning"]);
    for number in &NUMBERS {
        table.row([
            number.name.into(),
            number.show(value(store, number)?),
            number.show(number.default),
            number.span(),
            when(number).into(),
            number.meaning.into(),
        ]);
    }
    let bank = store.bank()?;
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into()
    };
    table.row([
        BANK.into(),
        bank.as_deref().map_or_else(|| store.default_bank(), name),
        store.default_bank(),
        "a file".into(),
        "at once".into(),
        "the instruments of all programs (arioso bank use)".into(),
    ]);
    messages::print(&table.to_string())
}

/// Sets a number, or takes it back, and tells the driver; what to say.
pub fn set_number(store: &mut impl Store, number: &Number, value: Option<u32>) -> Result<String> {
    store.set_number(number.name, value, number.default)?;
    let when = store.tell(Changed {
        live: number.live,
        fixed: !number.live,
        bank: number.of_the_bank(),
    })?;
    let shown = number.show(value.unwrap_or(number.default));
    Ok(format!("{} = {shown}; {when}", number.name))
}

fn reset(store: &mut impl Store) -> Result<String> {
    for number in &NUMBERS {
        store.set_number(number.name, None, number.default)?;
    }
    store.set_bank(None)?;
    let when = store.tell(Changed {
        live: true,
        fixed: true,
        bank: true,
    })?;
    Ok(format!("all settings have their defaults; {when}"))
}
