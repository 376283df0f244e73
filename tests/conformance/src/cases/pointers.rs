// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bad addresses: in the requests themselves, which KS looks at, and in downloads, which the driver looks at. Each ends in a status.

use super::Width;
use super::report::{Expect, Report, status_name};
use crate::property::Property;
use crate::synth::property;
use crate::{Client, NtStatus, download};
use arioso_core::ks::dmusprop::{
    KSPROPERTY_SYNTH_DLS_DOWNLOAD, KSPROPERTY_SYNTH_DLS_UNLOAD, KSPROPERTY_SYNTH_VOLUME,
};
use arioso_core::ks::guid::{KSPROPSETID_Synth, KSPROPSETID_Synth_Dls};
use arioso_core::ks::ks::{IOCTL_KS_PROPERTY, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET};
use arioso_core::ks::status::*;

/// SYNTH_BUFFER as a program of this width has it: size, padding in 64 bits, address.
pub fn synth_buffer(width: Width, address: u64, size: u32) -> Vec<u8> {
    let mut bytes = size.to_le_bytes().to_vec();
    match width {
        Width::Bits64 => {
            bytes.extend([0; 4]);
            bytes.extend(address.to_le_bytes());
        }
        Width::Bits32 => bytes.extend((address as u32).to_le_bytes()),
    }
    bytes
}

/// Bytes of a handle.
fn handle_size(width: Width) -> usize {
    match width {
        Width::Bits64 => 8,
        Width::Bits32 => 4,
    }
}

/// DOWNLOAD of what lies at an address: the handle's bytes.
pub fn download_at<C: Client>(
    client: &mut C,
    pin: C::Handle,
    width: Width,
    address: u64,
    size: u32,
) -> Result<Vec<u8>, NtStatus> {
    // SYNTHDOWNLOAD: a handle and a BOOL, padded to the handle's size.
    let mut value = vec![0; 2 * handle_size(width)];
    let got = property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_DOWNLOAD)
        .with(&synth_buffer(width, address, size))
        .send(client, pin, KSPROPERTY_TYPE_GET, &mut value);
    if got.status != STATUS_SUCCESS {
        return Err(got.status);
    }
    value.truncate(handle_size(width));
    Ok(value)
}

/// DOWNLOAD of these bytes.
pub fn download<C: Client>(
    client: &mut C,
    pin: C::Handle,
    width: Width,
    bytes: &[u8],
) -> Result<Vec<u8>, NtStatus> {
    let place = client.allocate(bytes.len());
    client.write(place, bytes);
    let handle = download_at(client, pin, width, place, bytes.len() as u32);
    client.free(place);
    handle
}

/// UNLOAD of a handle, which is the start of `bytes`.
pub fn unload<C: Client>(
    client: &mut C,
    pin: C::Handle,
    width: Width,
    bytes: &[u8],
) -> Result<(), NtStatus> {
    let mut handle = bytes[..handle_size(width)].to_vec();
    let got = property(KSPROPSETID_Synth_Dls, KSPROPERTY_SYNTH_DLS_UNLOAD).send(
        client,
        pin,
        KSPROPERTY_TYPE_SET,
        &mut handle,
    );
    if got.status == STATUS_SUCCESS {
        Ok(())
    } else {
        Err(got.status)
    }
}

const PAGE: usize = 4096;

/// Addresses that no program has, by name. Only those below 4 GiB are for 32-bit programs.
const NOWHERE: &[(&str, u64)] = &[
    ("null", 0),
    ("odd, in the first page", 1),
    ("end of the first page", 0xFFF),
    ("above 2 GiB of nothing", 0xFFFE_F001),
    ("end of 4 GiB", 0xFFFF_FFFF),
    ("end of user space", 0x7FFF_FFFE_FFFF),
    ("the gap below kernel space", 0x7FFF_FFFF_0000),
    ("non-canonical", 0x0000_8000_0000_0000),
    ("non-canonical, odd", 0x1234_5678_9ABC_DEF1),
    ("kernel space", 0xFFFF_8000_0000_1000),
    ("kernel image", 0xFFFF_F800_0000_0000),
    ("shared page of the kernel", 0xFFFF_F780_0000_0000),
    ("last page", 0xFFFF_FFFF_FFFF_F000),
    ("last byte", u64::MAX),
];

/// What the program's memory has besides ordinary pages.
#[derive(Clone, Copy, Debug)]
pub struct Terrain {
    /// A page that may be read but not written, and no memory behind it.
    pub read_only: u64,
}

/// Runs all rows of a program. `pin` is a MIDI pin.
pub fn run<C: Client>(
    client: &mut C,
    pin: C::Handle,
    width: Width,
    terrain: Terrain,
    report: &mut Report,
) {
    let mut downloads = Downloads {
        client,
        pin,
        width,
        report,
    };
    downloads.of_any_client();
    downloads.nowhere();
    downloads.row(
        // Nothing but zeros, which are no download.
        "read-only memory is read",
        (terrain.read_only, downloads.wave().len() as u32),
        &[STATUS_UNSUCCESSFUL],
    );
    requests(client, pin, width, terrain, report);
    odd_requests(client, pin, report);
}

/// Runs all rows of a kernel-mode client: its addresses are probed as user-mode ones, and its own memory is none.
pub fn run_trusted<C: Client>(client: &mut C, pin: C::Handle, report: &mut Report) {
    let width = Width::Bits64;
    let mut downloads = Downloads {
        client,
        pin,
        width,
        report,
    };
    let wave = downloads.wave();
    let place = downloads.client.allocate(wave.len());
    downloads.client.write(place, &wave);
    let own = (place, wave.len() as u32);
    downloads.row("a driver's memory", own, &[STATUS_ACCESS_VIOLATION]);
    let user = NOWHERE.iter().filter(|&&(_, at)| at <= u32::MAX.into());
    for &(name, address) in user {
        for size in [16, PAGE as u32, 1 << 20] {
            downloads.row(name, (address, size), &[STATUS_ACCESS_VIOLATION]);
        }
    }
    for (address, size) in [(u64::MAX, 16), (u64::MAX - 4095, 4097)] {
        let wraps = "past the end of all addresses";
        downloads.row(wraps, (address, size), &[STATUS_INVALID_USER_BUFFER]);
    }
    odd_requests(client, pin, report);
}

fn reachable(width: Width, address: u64) -> bool {
    width == Width::Bits64 || address <= u64::from(u32::MAX)
}

/// Downloads from good and bad addresses.
struct Downloads<'a, C: Client> {
    client: &'a mut C,
    pin: C::Handle,
    width: Width,
    report: &'a mut Report,
}

impl<C: Client> Downloads<'_, C> {
    fn wave(&self) -> Vec<u8> {
        download::wave(0x7001, 22_050, 16, &[1; 64])
    }

    /// A success is unloaded.
    fn row(&mut self, name: &str, (address, size): (u64, u32), expected: &[NtStatus]) {
        let (client, pin, width) = (&mut *self.client, self.pin, self.width);
        let got = download_at(client, pin, width, address, size);
        let status = got.as_ref().err().copied().unwrap_or(STATUS_SUCCESS);
        self.report.check(
            || format!("{width:?}, download of {size:#x} bytes at {address:#x}: {name}"),
            expected.contains(&status),
            || {
                let names: Vec<String> = expected.iter().map(|&s| status_name(s)).collect();
                format!(
                    "    expected {}\n    got      {}",
                    names.join(" or "),
                    status_name(status)
                )
            },
        );
        if let Ok(handle) = got {
            unload(client, pin, width, &handle).expect("it was downloaded");
        }
    }

    /// Whole, odd, in the middle of a page's end; sizes.
    fn of_any_client(&mut self) {
        let wave = self.wave();
        let length = wave.len() as u32;
        let place = self.client.allocate(3 * PAGE);
        for at in [0, 1, 3, PAGE - 7, PAGE + 1] {
            let address = place + at as u64;
            self.client.write(address, &wave);
            self.row("a wave", (address, length), &[STATUS_SUCCESS]);
        }
        self.client.write(place, &wave);
        for size in [0, 1, 15, (64 << 20) + 1, 0x8000_0000, u32::MAX] {
            let name = "a size that no download has";
            self.row(name, (place, size), &[STATUS_INVALID_PARAMETER]);
        }
        let name = "more than the buffer says";
        self.row(name, (place, length - 1), &[STATUS_UNSUCCESSFUL]);
        self.client.free(place);
    }

    /// Addresses where no memory is, or where it ends.
    fn nowhere(&mut self) {
        let bad = [STATUS_ACCESS_VIOLATION, STATUS_INVALID_USER_BUFFER];
        let wave = self.wave();
        let length = wave.len() as u32;
        for &(name, address) in NOWHERE {
            if reachable(self.width, address) {
                for size in [16, length, 0x1000, 0x10_0000] {
                    self.row(name, (address, size), &bad);
                }
            }
        }
        let place = self.client.allocate(3 * PAGE);
        let ends = "memory ends within";
        for size in [3 * PAGE as u32 + 1, 1 << 20, 64 << 20] {
            self.row(ends, (place, size), &bad);
        }
        let end = place + 3 * PAGE as u64;
        self.client.write(end - 16, &wave[..16]);
        for (from, size) in [(16, 17), (1, 16), (PAGE as u64, length + PAGE as u32)] {
            self.row(ends, (end - from, size), &bad);
        }
        self.client.free(place);
        self.row("freed", (place, length), &bad);
    }
}

/// Requests and values at odd addresses are like any other.
fn odd_requests<C: Client>(client: &mut C, pin: C::Handle, report: &mut Report) {
    let volume = property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_VOLUME);
    for at in 1..8 {
        let wanted = -100 * at as i32;
        for verb in [KSPROPERTY_TYPE_SET, KSPROPERTY_TYPE_GET] {
            let bytes = volume.request(verb);
            let input = client.allocate(bytes.len() + 8);
            let output = client.allocate(16);
            client.write(input + at, &bytes);
            if verb == KSPROPERTY_TYPE_SET {
                client.write(output + at, &wanted.to_le_bytes());
            }
            let sent = client.submit(
                pin,
                IOCTL_KS_PROPERTY,
                (input + at, bytes.len() as u32),
                (output + at, 4),
            );
            let got = client.wait(sent);
            let mut value = [0; 4];
            client.read(output + at, &mut value);
            let name = || format!("VOLUME verb {verb} at addresses {at} beyond a page's start");
            let bytes = if verb == KSPROPERTY_TYPE_GET { 4 } else { 0 };
            report.row(name, &Expect::one(STATUS_SUCCESS, bytes), got);
            report.check(name, value == wanted.to_le_bytes(), || {
                format!("    expected {wanted}\n    got      {value:02x?}")
            });
            client.free(input);
            client.free(output);
        }
    }
}

/// The request's own buffers: KS probes them.
fn requests<C: Client>(
    client: &mut C,
    pin: C::Handle,
    width: Width,
    terrain: Terrain,
    report: &mut Report,
) {
    let volume = property(KSPROPSETID_Synth, KSPROPERTY_SYNTH_VOLUME);
    // Larger than what is allocated below, which must not take its place.
    let freed = client.allocate(5 * PAGE);
    client.free(freed);
    let mut addresses: Vec<(&str, u64)> = NOWHERE.to_vec();
    addresses.push(("freed", freed));
    addresses.retain(|&(_, address)| reachable(width, address));
    for verb in [KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET] {
        let good = place(client, &volume, verb);
        let value = client.allocate(4);
        let denied = Expect::refused(&[STATUS_ACCESS_VIOLATION, STATUS_INVALID_USER_BUFFER]);
        let mut ask = |client: &mut C, name: String, input, output, expected: &Expect| {
            let request = client.submit(pin, IOCTL_KS_PROPERTY, input, output);
            let got = client.wait(request);
            report.row(
                || format!("{width:?}, VOLUME verb {verb}: {name}"),
                expected,
                got,
            );
        };
        for &(name, address) in &addresses {
            ask(
                client,
                format!("request: {name}"),
                (address, good.1),
                (value, 4),
                &denied,
            );
            ask(
                client,
                format!("value: {name}"),
                good,
                (address, 4),
                &denied,
            );
        }
        let read_only = terrain.read_only;
        let expected = if verb == KSPROPERTY_TYPE_GET {
            denied
        } else {
            Expect::one(STATUS_SUCCESS, 0)
        };
        ask(
            client,
            "value: read-only".into(),
            good,
            (read_only, 4),
            &expected,
        );
        client.free(value);
        client.free(good.0);
    }
}

fn place<C: Client>(client: &mut C, property: &Property, verb: u32) -> (u64, u32) {
    let bytes = property.request(verb);
    let address = client.allocate(bytes.len());
    client.write(address, &bytes);
    (address, bytes.len() as u32)
}
