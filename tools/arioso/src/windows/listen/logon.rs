// SPDX-License-Identifier: MIT OR Apache-2.0
//! Starting with the user: a value under his `Run` key.

use super::Options;
use crate::failure::{Failure, Kind, Result};
use crate::messages;
use windows_registry::CURRENT_USER;

const KEY: &str = r"Software\Microsoft\Windows\CurrentVersion\Run";
const VALUE: &str = "Arioso";

fn failed(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Session, format!("cannot {what} {KEY}: {why}"))
}

/// From the next logon on this program listens as it was asked to now, in a small window.
pub fn remember(options: &Options) -> Result<()> {
    let program = std::env::current_exe().map_err(|why| failed("find this program for", why))?;
    // The window is a console's: minimized, it is where it can be ended.
    let mut command = format!(
        "cmd.exe /c start \"Arioso\" /min \"{}\" listen",
        program.display()
    );
    for (option, value) in [
        ("--from", Some(&options.from)),
        ("--to", options.to.as_ref()),
    ] {
        if let Some(value) = value {
            command += &format!(" {option} \"{}\"", value.replace('"', ""));
        }
    }
    if options.exclusive {
        command += " --exclusive";
    }
    let key = CURRENT_USER
        .create(KEY)
        .map_err(|why| failed("open", why))?;
    key.set_string(VALUE, &command)
        .map_err(|why| failed("write to", why))?;
    messages::say(format!("at each logon of yours: {command}"))
}

/// It does not any more. True if it did.
pub fn forget() -> Result<bool> {
    let Ok(key) = CURRENT_USER.options().read().write().open(KEY) else {
        return Ok(false);
    };
    if key.get_string(VALUE).is_err() {
        return Ok(false);
    }
    key.remove_value(VALUE)
        .map_err(|why| failed("write to", why))?;
    Ok(true)
}
