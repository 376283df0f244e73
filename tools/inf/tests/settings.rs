// SPDX-License-Identifier: MIT OR Apache-2.0
//! The INF's parameters are those that the driver reads, with the same defaults: compared with the driver's source.

use arioso_inf::{Data, Date, Inf, Platform, Stamp, decode, stamp};
use std::collections::BTreeMap;

/// What `arioso settings` knows.
const TOOL: &str = include_str!("../../arioso/src/numbers.rs");
const WINDOWS: &str = include_str!("../../arioso/src/windows/settings.rs");
const SETTINGS: &str = include_str!("../../../src/engine/settings.rs");

/// Names and defaults in `number!(…, "Name", range, default)`.
fn read_by_the_driver() -> BTreeMap<String, u32> {
    let calls = SETTINGS.split("number!(").skip(1);
    let numbers = calls.map(|call| {
        let arguments = call.split(')').next().unwrap().split(',').map(str::trim);
        let arguments: Vec<&str> = arguments.filter(|text| !text.is_empty()).collect();
        let name = arguments[2].trim_matches('"').to_string();
        let default = arguments.last().unwrap();
        let constant = default.strip_prefix("Self::").map(|name| {
            let value = SETTINGS
                .split_once(&format!("const {name}: u32 = "))
                .unwrap()
                .1;
            value.split(';').next().unwrap()
        });
        (name, constant.unwrap_or(default).parse().unwrap())
    });
    numbers.collect()
}

/// Names and defaults in `Number { name: "Name", …, default: 1, … }`.
fn set_by_the_tool() -> BTreeMap<String, u32> {
    let rows = TOOL.split("        name: \"").skip(1).map(|row| {
        let (name, rest) = row.split_once('"').unwrap();
        let (_, default) = rest.split_once("default: ").unwrap();
        let default = default.split(',').next().unwrap();
        (name.to_string(), default.parse().unwrap())
    });
    rows.collect()
}

#[test]
fn parameters_have_the_drivers_defaults() {
    let template = decode(include_bytes!("../../../inf/arioso.inx")).unwrap();
    let with = Stamp {
        platform: Platform::Amd64,
        date: Date {
            year: 2026,
            month: 1,
            day: 1,
        },
        version: [0; 4],
        kmdf: (1, 31),
    };
    let inf = Inf::parse(&stamp(&template, &with)).unwrap();
    let models = inf.models(Platform::Amd64).unwrap();
    let install = inf.install(&models[0], Platform::Amd64).unwrap();
    let (mut numbers, mut texts) = (BTreeMap::new(), Vec::new());
    for value in &install.services[0].values {
        assert_eq!(value.key, "Parameters", "{value:?}");
        assert!(value.keep, "an update must not overwrite {}", value.name);
        match &value.data {
            Some(Data::Number(number)) => drop(numbers.insert(value.name.clone(), *number)),
            Some(Data::Expand(text)) => texts.push((value.name.as_str(), text.as_str())),
            other => panic!("{}: {other:?}", value.name),
        }
    }
    assert_eq!(numbers, read_by_the_driver());
    assert_eq!(numbers, set_by_the_tool());
    assert!(numbers.len() >= 8, "{numbers:?}");
    // Windows' own set; the driver itself knows no absolute path.
    assert_eq!(
        texts,
        [("BankPath", "\\SystemRoot\\System32\\drivers\\gm.dls")]
    );
    assert!(
        WINDOWS.contains(r#"const DEFAULT_BANK: &str = r"\SystemRoot\System32\drivers\gm.dls";"#)
    );
    assert!(SETTINGS.contains("path!(passive, key, \"BankPath\")"));
}
