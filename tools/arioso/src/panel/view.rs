// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is shown: texts, rows, values; the window only puts them into its controls.

use super::{Child, Model};
use crate::numbers::{NUMBERS, Number};

/// Settings that the panel shows, in its order.
pub const SHOWN: [&str; 4] = ["Voices", "Quality", "SliceBudget", "EndpointLead"];
/// Steps of the level meter.
pub const METER: u32 = 1000;
/// dB below full scale at which the meter begins.
const FLOOR: f32 = 60.0;

/// All that is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// The driver in a line.
    pub driver: String,
    /// Rows of the findings.
    pub findings: Vec<String>,
    /// Which of them have a remedy: its number, and what the button says.
    pub remedies: Vec<(usize, String)>,
    /// Rows of the banks; the first is the default.
    pub banks: Vec<String>,
    /// The row that is used.
    pub bank: usize,
    /// What is in a bank.
    pub contents: String,
    /// Values of the settings in [`SHOWN`].
    pub values: Vec<String>,
    /// The endpoint's level in dB, if it is known.
    pub level: Option<i32>,
    /// It listens.
    pub listens: bool,
    /// Latency and glitches, or why not.
    pub listen: String,
    /// MIDI inputs.
    pub inputs: Vec<String>,
    /// An input is played.
    pub plays: bool,
    /// The level meter, of [`METER`].
    pub meter: u32,
    /// Voices, load, lost notes.
    pub meters: String,
    /// What was said last.
    pub message: String,
    /// Changes can be made now.
    pub ready: bool,
}

/// A setting that is shown.
pub fn setting(at: usize) -> Option<&'static Number> {
    let name = SHOWN.get(at)?;
    NUMBERS.iter().find(|number| number.name == *name)
}

impl Model {
    /// What is shown now.
    pub fn view(&self) -> View {
        let mut view = View {
            driver: "looking …".into(),
            contents: self.contents.clone(),
            message: match &self.message {
                (text, true) => format!("Error: {text}"),
                (text, false) => text.clone(),
            },
            ready: self.busy == 0,
            listens: self.children.contains_key(&Child::Listen),
            plays: self.children.contains_key(&Child::Keyboard),
            listen: match self.children.get(&Child::Listen) {
                Some(line) => line.clone(),
                None => "off".into(),
            },
            meters: "the driver does not run".into(),
            ..View::default()
        };
        if let Some(meters) = &self.meters {
            view.meter = meter(meters.level);
            view.meters = format!(
                "{} voices, {:.1} % of a processor, {} lost notes, {}",
                meters.voices,
                meters.load,
                meters.lost,
                decibels(meters.level)
            );
        }
        let Some(snapshot) = &self.snapshot else {
            return view;
        };
        view.driver = snapshot.driver.clone();
        view.findings = snapshot
            .findings
            .iter()
            .map(|finding| {
                let sign = if finding.wrong { "WRONG  " } else { "" };
                let advice = match finding.advice.as_str() {
                    "" => String::new(),
                    advice => format!(" - {advice}"),
                };
                format!("{sign}{}: {}{advice}", finding.what, finding.found)
            })
            .collect();
        view.remedies = snapshot
            .findings
            .iter()
            .enumerate()
            .filter_map(|(at, finding)| {
                let remedy = finding.remedy.as_ref()?;
                Some((at, format!("arioso {}", remedy.arguments.join(" "))))
            })
            .collect();
        // One button for the same command.
        let mut seen = Vec::new();
        view.remedies.retain(|(_, text)| {
            let new = !seen.contains(text);
            seen.push(text.clone());
            new
        });
        view.banks =
            std::iter::once(format!("default: {}", snapshot.default_bank))
                .chain(snapshot.banks.iter().map(|bank| {
                    format!("{} ({:.1} MB)", bank.name, bank.bytes as f64 / 1_048_576.0)
                }))
                .collect();
        view.bank = match &snapshot.used {
            None => 0,
            Some(used) => snapshot
                .banks
                .iter()
                .position(|bank| bank.path == *used)
                .map_or(0, |at| at + 1),
        };
        view.values = (0..SHOWN.len())
            .filter_map(setting)
            .map(|number| self.value(number).unwrap_or(number.default).to_string())
            .collect();
        view.level = snapshot.level.map(|level| level / 100);
        view.inputs = snapshot.inputs.clone();
        view
    }
}

/// 60 dB on the meter's length.
fn meter(level: f32) -> u32 {
    let db = 20.0 * level.max(1e-9).log10();
    ((db + FLOOR) / FLOOR * METER as f32).clamp(0.0, METER as f32) as u32
}

fn decibels(level: f32) -> String {
    match level {
        level if level < 1.6e-5 => "silent".into(),
        level => format!("{:.1} dB", 20.0 * level.log10()),
    }
}
