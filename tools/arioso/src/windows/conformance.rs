// SPDX-License-Identifier: MIT OR Apache-2.0
//! `conformance`: the suite's tables, which the simulated kernel runs too, against the device of this computer.

use super::api::ks::KsClient;
use super::status;
use super::{package, problem};
use crate::failure::{Failure, Kind, Result};
use crate::messages;
use crate::table::Table;
use arioso_core::ks::guid::KSDATAFORMAT_SUBTYPE_DIRECTMUSIC;
use arioso_core::ks::ks::KSPIN_DATAFLOW_IN;
use conformance::cases::pointers::{self, Terrain};
use conformance::cases::requests::{self, Objects};
use conformance::cases::{Report, Width, topology, values};
use conformance::filter::{Filter, Pin};

/// `arioso conformance`
pub fn conformance() -> Result<()> {
    let links = links()?;
    let mut client = KsClient::default();
    let mut reports = Vec::new();
    for link in &links {
        let mut report = Report::default();
        topology::run(&mut client, link, &mut report);
        let name = link.rsplit('\\').next().unwrap_or_default();
        reports.push((format!("rules for filters: {name}"), report));
    }
    let tables: [(&str, Run); 3] = [
        ("property requests", requests),
        ("values", |client, _, pin, report| {
            values::run(client, pin.handle, report)
        }),
        ("bad pointers", |client, _, pin, report| {
            let read_only = client.read_only_page();
            pointers::run(
                client,
                pin.handle,
                Width::Bits64,
                Terrain { read_only },
                report,
            );
        }),
    ];
    for (name, run) in tables {
        let mut report = Report::default();
        on_a_pin(&mut client, &links, |client, filter, pin| {
            run(client, filter, pin, &mut report)
        })?;
        reports.push((name.into(), report));
    }
    conclude(&reports)
}

type Run = fn(&mut KsClient, &Filter<KsClient>, &Pin<KsClient>, &mut Report);

/// The wave pin needs a kernel-mode renderer, which Windows has not had since Vista: its rows are left out.
fn requests(
    client: &mut KsClient,
    filter: &Filter<KsClient>,
    pin: &Pin<KsClient>,
    report: &mut Report,
) {
    let objects = Objects {
        filter: filter.handle,
        pin: pin.handle,
        wave: None,
    };
    requests::run(client, objects, Width::Bits64, report);
}

/// Symbolic links of the device's filters, one each.
fn links() -> Result<Vec<String>> {
    let devices = package::devices()?;
    let Some(device) = devices.first() else {
        return Err(Failure::new(
            Kind::Session,
            "there is no device of the driver: run arioso install as administrator",
        ));
    };
    let mut interfaces = status::interfaces(device)?;
    interfaces.retain(|interface| interface.enabled);
    interfaces.sort_by(|a, b| a.name.cmp(&b.name));
    interfaces.dedup_by(|a, b| a.name == b.name);
    if interfaces.is_empty() {
        let message = format!(
            "no interface of {} is enabled ({}): see arioso doctor",
            device.id(),
            problem::describe(device.state())
        );
        return Err(Failure::new(Kind::Session, message));
    }
    Ok(interfaces
        .into_iter()
        .map(|interface| interface.link)
        .collect())
}

/// Runs something on a new DirectMusic pin of the synthesizer.
fn on_a_pin(
    client: &mut KsClient,
    links: &[String],
    run: impl FnOnce(&mut KsClient, &Filter<KsClient>, &Pin<KsClient>),
) -> Result<()> {
    for link in links {
        let filter = Filter::open(client, link)?;
        let pins = filter.pins(client)?;
        let wanted = pins.iter().find(|pin| {
            pin.flow == KSPIN_DATAFLOW_IN && pin.takes(&KSDATAFORMAT_SUBTYPE_DIRECTMUSIC)
        });
        if let Some(wanted) = wanted
            && link.to_lowercase().ends_with("synth")
        {
            let pin = filter.direct_music_pin(client, wanted.id)?;
            run(client, &filter, &pin);
            pin.close(client)?;
            filter.close(client);
            return Ok(());
        }
        filter.close(client);
    }
    Err(Failure::new(
        Kind::Session,
        "the synthesizer's filter has no DirectMusic pin",
    ))
}

fn conclude(reports: &[(String, Report)]) -> Result<()> {
    let mut table = Table::new(&["table", ">rows", ">differences"]);
    for (name, report) in reports {
        let count = report.differences().len();
        table.row([name.clone(), report.rows.to_string(), count.to_string()]);
    }
    messages::tell(&table);
    let mut differences = 0;
    for (name, report) in reports {
        for (row, difference) in report.differences() {
            messages::tell(format_args!("\n{name}: {row}\n{difference}\n"));
            differences += 1;
        }
    }
    if differences > 0 {
        let message = format!("{differences} rows came out differently");
        return Err(Failure::new(Kind::Session, message));
    }
    Ok(())
}
