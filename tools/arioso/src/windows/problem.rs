// SPDX-License-Identifier: MIT OR Apache-2.0
//! Device Manager's problem codes in words.

use super::api::devices::State;

/// A device's state for people.
pub fn describe(state: State) -> String {
    match state {
        State::Absent => "not present".into(),
        State::Started => "started".into(),
        State::Stopped => "not started".into(),
        State::Problem(code) => format!("problem {code}: {}", words(code)),
    }
}

/// What to do about it.
pub fn advice(state: State) -> &'static str {
    match state {
        State::Started => "",
        State::Absent | State::Stopped | State::Problem(14 | 38) => "restart Windows",
        State::Problem(22) => "enable the device in Device Manager",
        State::Problem(52) => {
            "bcdedit /set testsigning on, arioso install --trust, restart Windows"
        }
        State::Problem(48) => {
            "switch memory integrity off in Windows Security, or take a driver that it accepts"
        }
        State::Problem(32) => "set the service's start type to 3 (demand)",
        State::Problem(28 | 18 | 1 | 19 | 39) => "arioso uninstall, then arioso install",
        State::Problem(_) => "look at the System event log; arioso uninstall, then arioso install",
    }
}

fn words(code: u32) -> &'static str {
    match code {
        1 => "the device is not configured",
        10 => "the device cannot start (the driver refused)",
        12 => "not enough free resources",
        14 => "Windows has to be restarted first",
        18 => "the driver has to be installed again",
        19 => "its registry keys are damaged",
        21 => "Windows is removing it",
        22 => "the device is disabled",
        24 => "the device is not there",
        28 => "no driver is installed",
        31 => "the driver cannot be loaded",
        32 => "the driver's service is disabled",
        37 => "the driver failed when it was loaded",
        38 => "an older copy of the driver is still in memory",
        39 => "the driver's file is damaged or missing",
        43 => "the driver has reported a failure",
        45 => "the device is not connected",
        47 => "the device is about to be removed",
        48 => "the driver is blocked from starting",
        52 => "the driver's signature cannot be verified",
        _ => "see Device Manager's help for this number",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_words_and_advice() {
        assert_eq!(describe(State::Started), "started");
        assert_eq!(advice(State::Started), "");
        assert!(describe(State::Problem(52)).starts_with("problem 52: the driver's signature"));
        assert!(advice(State::Problem(52)).contains("testsigning"));
    }
}
