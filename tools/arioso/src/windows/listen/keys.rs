// SPDX-License-Identifier: MIT OR Apache-2.0
//! A keyboard's input, sent to the synthesizer's port as it comes.

use crate::failure::{Failure, Kind, Result};
use midir::{MidiInput, MidiInputConnection, MidiOutput};

/// An open way from one to the other.
pub struct Keys {
    /// The keyboard's name.
    pub from: String,
    /// The synthesizer's.
    pub to: String,
    _connection: MidiInputConnection<()>,
}

fn failed(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Session, format!("{what}: {why}"))
}

fn input() -> Result<MidiInput> {
    MidiInput::new("Arioso").map_err(|why| failed("no MIDI input", why))
}

/// The keyboards.
pub fn list() -> Result<String> {
    let input = input()?;
    let ports = input.ports();
    let names: Vec<String> = ports
        .iter()
        .filter_map(|port| input.port_name(port).ok())
        .collect();
    Ok(match names.is_empty() {
        true => "no MIDI input".into(),
        false => format!(
            "MIDI inputs (--midi-in takes a part of a name):\n    {}",
            names.join("\n    ")
        ),
    })
}

fn choose<P: Clone>(
    ports: Vec<P>,
    name: impl Fn(&P) -> Option<String>,
    part: &str,
    what: &str,
) -> Result<(P, String)> {
    let wanted = part.to_lowercase();
    let mut names = Vec::new();
    for port in ports {
        let Some(name) = name(&port) else { continue };
        if name.to_lowercase().contains(&wanted) {
            return Ok((port, name));
        }
        names.push(name);
    }
    let there = match names.as_slice() {
        [] => "there is none at all".into(),
        names => format!("there are: {}", names.join(", ")),
    };
    Err(Failure::new(
        Kind::Usage,
        format!("no {what} is called \"{part}\"; {there}"),
    ))
}

impl Keys {
    /// From the input that `part` is a part of the name of to the output of the synthesizer.
    pub fn open(part: &str, synthesizer: &str) -> Result<Self> {
        let input = input()?;
        let output = MidiOutput::new("Arioso").map_err(|why| failed("no MIDI output", why))?;
        let (from_port, from) = choose(
            input.ports(),
            |port| input.port_name(port).ok(),
            part,
            "MIDI input",
        )?;
        let (to_port, to) = choose(
            output.ports(),
            |port| output.port_name(port).ok(),
            synthesizer,
            "MIDI port",
        )?;
        let mut output = output
            .connect(&to_port, "out")
            .map_err(|why| failed("cannot open the synthesizer's port", why))?;
        let play = move |_, message: &[u8], (): &mut ()| {
            // What one refuses, as a message that is none, the next need not.
            let _ = output.send(message);
        };
        let connection = input
            .connect(&from_port, "in", play, ())
            .map_err(|why| failed("cannot open the MIDI input", why))?;
        Ok(Self {
            from,
            to,
            _connection: connection,
        })
    }
}
