// SPDX-License-Identifier: MIT OR Apache-2.0
//! The commands for the installed driver.
//!
//! | module | does |
//! |---|---|
//! | [`install`] | `install`, `uninstall` |
//! | [`package`] | the package's folder, and what Windows has of it |
//! | [`status`] | `status`: what is installed |
//! | [`settings`] | where settings lie, and how the driver hears of a change |
//! | [`panel`] | `panel`: the window |
//! | [`doctor`] | `doctor`: the whole chain, and what to do |
//! | [`ports`] | `ports`: as DirectMusic, WinMM and kernel streaming see them |
//! | [`play`] | `play` |
//! | [`listen`] | `listen`, `live` |
//! | [`conformance`] | `conformance`: the suite's tables against the real device |
//! | [`api`] | Windows |

mod api;
mod conformance;
mod doctor;
mod install;
mod listen;
mod package;
mod panel;
mod play;
mod ports;
mod problem;
pub mod settings;
mod status;

use crate::Reading;
use crate::failure::Result;
use crate::player::PinKind;
use crate::usage::SoundOptions;
use clap::Subcommand;
use play::{Options, Via};
use std::path::PathBuf;

/// One line about the program.
pub const ABOUT: &str = "Install the Arioso driver, look at it, play MIDI files through it.";
/// What the exit codes of this system's commands mean.
pub const EXIT_CODES: &str = "Exit codes: 0 done, 1 it failed or something is wrong, 2 wrong usage, 3 an input file cannot be used, 4 the output cannot \
                              be written.";
/// The hardware id, as in the INF.
const HARDWARE_ID: &str = r"ROOT\Arioso";
/// The service, as in the INF.
const SERVICE: &str = "Arioso";

#[derive(Subcommand)]
pub enum Command {
    /// Install the driver's package and make its device, once
    Install {
        /// The folder with arioso.inf [default: this program's own]
        directory: Option<PathBuf>,
        /// Let this computer trust arioso.cer, the certificate that the package is signed with
        #[arg(long)]
        trust: bool,
        /// Do not look first whether test signing is on and the certificate trusted: for a package that Microsoft has signed
        #[arg(long)]
        force: bool,
    },
    /// Remove the device and the package
    Uninstall {
        /// The folder with arioso.cer, for --trust [default: this program's own]
        directory: Option<PathBuf>,
        /// Let this computer no longer trust arioso.cer
        #[arg(long)]
        trust: bool,
    },
    /// Open the window for everything: state, banks, sound, meters
    Panel,
    /// Show what is installed and whether it runs
    Status,
    /// Check everything between the driver and a program, and say what to do
    Doctor,
    /// Show the MIDI ports as DirectMusic, WinMM and kernel streaming see them
    Ports,
    /// Play a Standard MIDI File
    Play {
        /// The MIDI file
        file: PathBuf,
        #[command(flatten)]
        reading: Reading,
        /// The way to the driver
        #[arg(long, value_enum, default_value = "winmm")]
        via: Via,
        /// A part of the port's name (winmm) or of the interface's symbolic link (ks) [default: Arioso]
        #[arg(long, value_name = "NAME")]
        port: Option<String>,
        /// The data range that the song is sent on (ks)
        #[arg(long, value_enum, default_value = "directmusic")]
        pin: PinKind,
        /// Instruments for the directmusic range: a DLS or SoundFont file instead of the built-in bank; of several, later ones come over
        /// earlier ones
        #[arg(long, value_name = "FILE")]
        bank: Vec<PathBuf>,
        #[command(flatten)]
        sound: SoundOptions,
    },
    /// Hear the synthesizer: from its recording device to a loudspeaker, until Ctrl+C
    Listen {
        #[command(flatten)]
        options: listen::Options,
        /// Do not listen now: from the next logon of this user on, or no more
        #[arg(long, value_enum, value_name = "ON/OFF")]
        at_logon: Option<listen::AtLogon>,
    },
    /// Play the synthesizer from a MIDI keyboard, and hear it
    Live {
        /// A part of the keyboard's name
        #[arg(long, value_name = "NAME")]
        midi_in: Option<String>,
        /// Show the keyboards, and end
        #[arg(long)]
        list: bool,
        #[command(flatten)]
        options: listen::Options,
    },
    /// Ask the driver everything that the conformance suite knows, and compare
    Conformance,
}

/// Does what one of these commands says.
pub fn run(command: Command) -> Result<()> {
    match command {
        Command::Install {
            directory,
            trust,
            force,
        } => install::install(directory, trust, force),
        Command::Uninstall { directory, trust } => install::uninstall(directory, trust),
        Command::Panel => panel::panel(),
        Command::Status => status::status(),
        Command::Doctor => doctor::doctor(),
        Command::Ports => ports::ports(),
        Command::Play {
            file,
            reading,
            via,
            port,
            pin,
            bank,
            sound,
        } => play::play(
            &file,
            &Options {
                reading,
                via,
                port,
                pin,
                bank,
                sound: sound.sound(),
            },
        ),
        Command::Listen { options, at_logon } => listen::listen(&options, at_logon),
        Command::Live {
            midi_in,
            list,
            options,
        } => listen::live(midi_in.as_deref(), list, &options),
        Command::Conformance => conformance::conformance(),
    }
}
