// SPDX-License-Identifier: MIT OR Apache-2.0
//! `ports`: who sees which ports.

use super::api::ks::KsClient;
use super::api::midi::{self, Port};
use super::api::{directmusic, refused};
use crate::failure::Result;
use crate::messages;
use crate::table::Table;
use arioso_core::ks::GUID;
use arioso_core::ks::guid::{
    KSCATEGORY_AUDIO, KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, KSDATAFORMAT_SUBTYPE_MIDI,
    KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_TYPE_MUSIC,
};
use arioso_core::ks::ks::{KSDATAFORMAT, KSPIN_DATAFLOW_IN};
use conformance::Client;
use conformance::filter::{Filter, PinInfo};

/// `arioso ports`
pub fn ports() -> Result<()> {
    messages::tell(format_args!("DirectMusic\n"));
    direct_music();
    messages::tell(format_args!("\nWinMM\n"));
    win_mm();
    messages::tell(format_args!(
        "\nKernel streaming (music pins of enabled audio interfaces)\n"
    ));
    kernel_streaming();
    Ok(())
}

fn direct_music() {
    match directmusic::ports() {
        Ok(ports) if ports.is_empty() => messages::tell(format_args!("  none\n")),
        Ok(ports) => {
            let mut table = Table::new(&["port", "", "kind", ">groups", ">voices", "downloads"]);
            for port in ports {
                table.row([
                    port.name,
                    direction(port.input).into(),
                    port.class.into(),
                    port.groups.to_string(),
                    port.voices.to_string(),
                    if port.downloads { "DLS" } else { "no" }.into(),
                ]);
            }
            messages::tell(&table);
        }
        Err(error) => messages::tell(format_args!(
            "  not here: {}\n",
            refused("ask DirectMusic", &error)
        )),
    }
}

fn win_mm() {
    let (outputs, inputs) = (midi::outputs(), midi::inputs());
    if outputs.is_empty() && inputs.is_empty() {
        return messages::tell(format_args!("  none\n"));
    }
    let mut table = Table::new(&[">number", "port", "", "kind"]);
    let mut rows = |ports: Vec<Port>, input| {
        for port in ports {
            table.row([
                port.number.to_string(),
                port.name,
                direction(input).into(),
                port.technology.into(),
            ]);
        }
    };
    rows(outputs, true);
    rows(inputs, false);
    messages::tell(&table);
}

fn kernel_streaming() {
    let mut client = KsClient::default();
    let links = client.interfaces(&KSCATEGORY_AUDIO);
    let mut table = Table::new(&["interface", ">pin", "", "data ranges"]);
    let mut rows = 0;
    for link in &links {
        let pins = Filter::open(&mut client, link).and_then(|filter| {
            let pins = filter.pins(&mut client);
            filter.close(&mut client);
            pins
        });
        match pins {
            Ok(pins) => {
                for pin in pins.iter().filter(|pin| is_music(pin)) {
                    table.row([
                        short(link),
                        pin.id.to_string(),
                        direction(pin.flow == KSPIN_DATAFLOW_IN).into(),
                        ranges(&pin.ranges),
                    ]);
                    rows += 1;
                }
            }
            Err(error) => {
                table.row([short(link), String::new(), String::new(), error.to_string()]);
                rows += 1;
            }
        }
    }
    if rows == 0 {
        return messages::tell(format_args!("  none (of {} interfaces)\n", links.len()));
    }
    messages::tell(&table);
}

fn is_music(pin: &PinInfo) -> bool {
    pin.ranges
        .iter()
        .any(|range| range.MajorFormat == KSDATAFORMAT_TYPE_MUSIC)
}

fn ranges(ranges: &[KSDATAFORMAT]) -> String {
    let mut names: Vec<String> = ranges.iter().map(|range| name(&range.SubFormat)).collect();
    names.dedup();
    names.join(", ")
}

fn name(subtype: &GUID) -> String {
    let known = [
        (KSDATAFORMAT_SUBTYPE_MIDI, "MIDI"),
        (KSDATAFORMAT_SUBTYPE_DIRECTMUSIC, "DirectMusic"),
        (KSDATAFORMAT_SUBTYPE_PCM, "PCM"),
    ];
    let known = known.iter().find(|(guid, _)| guid == subtype);
    known.map_or_else(|| subtype.to_string(), |(_, name)| (*name).into())
}

/// `root#arioso#0000\synth`: a symbolic link without its prefix and GUID.
fn short(link: &str) -> String {
    let link = link.trim_start_matches(r"\\?\");
    let (device, rest) = link.split_once("#{").unwrap_or((link, ""));
    let subdevice = rest.split_once('\\').map_or("", |(_, name)| name);
    format!(r"{device}\{subdevice}")
}

fn direction(input: bool) -> &'static str {
    if input { "plays" } else { "records" }
}

/// What WinMM has of the driver.
pub fn win_mm_names() -> Vec<String> {
    let all = midi::outputs().into_iter().chain(midi::inputs());
    all.map(|port| port.name)
        .filter(|name| name.contains("Arioso"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn links_are_shortened() {
        let link = r"\\?\root#arioso#0000#{6994ad04-93ef-11d0-a3cc-00a0c9223196}\synth";
        assert_eq!(short(link), r"root#arioso#0000\synth");
    }
}
