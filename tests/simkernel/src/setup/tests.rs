// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a driver sees of an installation that it did not make: the calls, against the keys that an INF gives.

use super::Package;
use crate::executive::io::{
    IoGetDeviceProperty, IoOpenDeviceInterfaceRegistryKey, IoOpenDeviceRegistryKey,
    IoRegisterDeviceInterface, IoSetDeviceInterfaceState,
};
use crate::executive::key::{ZwOpenKey, ZwQueryValueKey};
use crate::executive::{ob, rtl};
use crate::nt::status::STATUS_OBJECT_NAME_NOT_FOUND;
use crate::nt::*;
use crate::pnp;
use crate::registry::Value;
use crate::system::{Options, System};
use std::ptr::null_mut;

/// A device of a driver that is there: simkernel's own audio device's.
const INF: &str = r#"
[Version]
Signature = "$Windows NT$"
Class = MEDIA
ClassGuid = {4d36e96c-e325-11ce-bfc1-08002be10318}
Provider = %Maker%
CatalogFile = test.cat
DriverVer = 02/03/2026,4.5.6.7
[SourceDisksFiles]
test.sys = 1
[DestinationDirs]
DefaultDestDir = 13
[Manufacturer]
%Maker% = Models, NTamd64.10.0...17763, NTamd64.10.0...19041, NTamd64.10.0...22000
[Models.NTamd64.10.0...17763]
"Old" = Device, ROOT\Test
[Models.NTamd64.10.0...19041]
%Name% = Device, ROOT\Test
[Models.NTamd64.10.0...22000]
"New" = Device, ROOT\Test
[Device.NTamd64]
CopyFiles = @test.sys
AddReg = Software
[Software]
HKR,,Path,0x00020000,"%13%\test.sys"
HKR,Lists\Of,Texts,0x00010000,one,two
HKR,Empty,,0x10
[Device.NTamd64.HW]
AddReg = Hardware
[Hardware]
HKR,,DeviceType,0x00010001,0x1D
HKR,,Own,1,01,02,ff
[Device.NTamd64.Interfaces]
AddInterface = {6994AD04-93EF-11D0-A3CC-00A0C9223196}, Part, Interface
[Interface]
AddReg = InterfaceValues
[InterfaceValues]
HKR,,FriendlyName,,"A part"
[Device.NTamd64.Services]
AddService = PcmSink, 2, Service
[Service]
ServiceType = 1
StartType = 3
ErrorControl = 0
ServiceBinary = %13%\test.sys
[Strings]
Maker = "Somebody"
Name = "Something"
"#;

fn package() -> Package {
    let file = |name: &str, bytes: &[u8]| (name.to_owned(), bytes.to_vec().into());
    let files = [
        file("test.inf", INF.as_bytes()),
        file("test.cat", b""),
        file("test.sys", b""),
    ];
    Package::new(files).expect("a package")
}

/// A value of an open key, which is closed then.
fn value(key: HANDLE, name: &str) -> Result<Value, NTSTATUS> {
    let mut buffer = [0u32; 64];
    let name = wide(name);
    let name = UNICODE_STRING::of(&name[..name.len() - 1]);
    let mut size = 0;
    // SAFETY: the buffer's size is told; a PARTIAL_INFORMATION has three numbers before its data.
    unsafe {
        let out = buffer.as_mut_ptr();
        let status = ZwQueryValueKey(key, &name, 2, out.cast(), 256, &mut size);
        ob::ZwClose(key);
        if status < 0 {
            return Err(status);
        }
        let data = std::slice::from_raw_parts(out.add(3).cast::<u8>(), buffer[2] as usize);
        Ok(Value {
            kind: buffer[1],
            data: data.to_vec(),
        })
    }
}

fn property(pdo: *mut DEVICE_OBJECT, which: u32) -> Result<String, NTSTATUS> {
    let mut buffer = [0u16; 128];
    let mut size = 0;
    // SAFETY: the buffer's size is told.
    let status =
        unsafe { IoGetDeviceProperty(pdo, which, 256, buffer.as_mut_ptr().cast(), &mut size) };
    match status {
        0 => Ok(String::from_utf16_lossy(&buffer[..size as usize / 2])),
        status => Err(status),
    }
}

/// `DEVICE_REGISTRY_PROPERTY` of the public headers, by number.
fn properties(pdo: *mut DEVICE_OBJECT) {
    let class = "{4d36e96c-e325-11ce-bfc1-08002be10318}";
    for (which, wanted) in [
        (0, "Something\0"),
        (1, "ROOT\\Test\0\0"),
        (5, "MEDIA\0"),
        (6, &format!("{class}\0")),
        (7, &format!("{class}\\0001\0")),
        (8, "Somebody\0"),
        (15, "ROOT\0"),
    ] {
        assert_eq!(property(pdo, which).as_deref(), Ok(wanted), "{which}");
    }
    let name = property(pdo, 11).expect("a name");
    assert!(name.starts_with("\\Device\\"), "{name}");
    assert_eq!(property(pdo, 9), Err(STATUS_OBJECT_NAME_NOT_FOUND));
    let mut size = 0;
    // SAFETY: no buffer.
    let status = unsafe { IoGetDeviceProperty(pdo, 0, 0, null_mut(), &mut size) };
    assert_eq!(
        (status, size),
        (crate::nt::status::STATUS_BUFFER_TOO_SMALL, 20)
    );
}

fn keys(pdo: *mut DEVICE_OBJECT) {
    let open = |kind| {
        let mut key = null_mut();
        // SAFETY: a live device.
        let status = unsafe { IoOpenDeviceRegistryKey(pdo, kind, 0, &mut key) };
        assert_eq!(status, 0);
        key
    };
    let (hardware, software) = (1, 2);
    assert_eq!(
        value(open(software), "DriverDesc"),
        Ok(Value::text("Something"))
    );
    assert_eq!(
        value(open(software), "DriverVersion"),
        Ok(Value::text("4.5.6.7"))
    );
    assert_eq!(
        value(open(software), "InfSectionExt"),
        Ok(Value::text(".NTamd64"))
    );
    let path = value(open(software), "Path").expect("a path");
    let (kind, path) = (path.kind, path.string().expect("a string"));
    let store = r"C:\Windows\System32\DriverStore\FileRepository\test.inf_amd64_";
    assert_eq!(kind, REG_EXPAND_SZ);
    assert!(
        path.starts_with(store) && path.ends_with(r"\test.sys"),
        "{path}"
    );
    assert_eq!(
        value(open(hardware), "Own"),
        Ok(Value::binary(&[1, 2, 255]))
    );
    let gone = Err(STATUS_OBJECT_NAME_NOT_FOUND);
    assert_eq!(
        value(open(hardware), "DeviceType"),
        gone,
        "a property of the device"
    );
    for (name, wanted) in [("Lists\\Of", true), ("Empty", true), ("Other", false)] {
        let name = wide(name);
        let mut name = UNICODE_STRING::of(&name[..name.len() - 1]);
        let root = open(software);
        let attributes = OBJECT_ATTRIBUTES {
            Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
            RootDirectory: root,
            ObjectName: &raw mut name,
            Attributes: OBJ_KERNEL_HANDLE,
            SecurityDescriptor: null_mut(),
            SecurityQualityOfService: null_mut(),
        };
        let mut key = null_mut();
        // SAFETY: everything pointed to lives across the calls.
        unsafe {
            assert_eq!(ZwOpenKey(&mut key, 0, &attributes) >= 0, wanted);
            if wanted {
                ob::ZwClose(key);
            }
            ob::ZwClose(root);
        }
    }
}

/// An interface that the INF adds has its values; one that it does not has none, and a key all the same.
fn interfaces(pdo: *mut DEVICE_OBJECT) {
    let audio = rtl::guid_from_text("{6994AD04-93EF-11D0-A3CC-00A0C9223196}").expect("a GUID");
    let missing = Err(STATUS_OBJECT_NAME_NOT_FOUND);
    for (reference, wanted) in [("Part", Ok(Value::text("A part"))), ("Other", missing)] {
        let reference = wide(reference);
        let reference = UNICODE_STRING::of(&reference[..reference.len() - 1]);
        let mut link = UNICODE_STRING::empty();
        let mut key = null_mut();
        // SAFETY: a live device, strings that live across the calls.
        unsafe {
            assert_eq!(
                IoRegisterDeviceInterface(pdo, &audio, &reference, &mut link),
                0
            );
            assert_eq!(IoSetDeviceInterfaceState(&link, 1), 0);
            assert_eq!(IoOpenDeviceInterfaceRegistryKey(&link, 0, &mut key), 0);
            assert_eq!(value(key, "FriendlyName"), wanted);
            assert_eq!(IoSetDeviceInterfaceState(&link, 0), 0);
            rtl::RtlFreeUnicodeString(&mut link);
        }
    }
}

/// One machine per process: the only test of this crate that boots one.
#[test]
fn a_driver_sees_what_the_inf_says() {
    let mut machine = System::boot(Options::default());
    let before = machine.trace();
    let instance = machine
        .install(&package(), "ROOT\\Test")
        .expect("installed");
    assert_eq!(instance, "ROOT\\MEDIA\\0000");
    machine.add_device(&instance).expect("AddDevice");
    let pdo = pnp::find(&instance).expect("a device");
    // SAFETY: a live device.
    assert_eq!(unsafe { (*pdo).DeviceType }, 0x1D);
    machine.call(0, move || {
        properties(pdo);
        keys(pdo);
        interfaces(pdo);
    });
    let device = machine.device(&instance).expect("a device");
    assert_eq!(machine.remove(device), 0);
    // The service is the audio device's too; that no INF owns it, simkernel does not know.
    machine.remove_device(&instance).expect("removed");
    machine.delete_driver("oem0.inf", false).expect("deleted");
    let left: Vec<_> = machine.trace().since(&before);
    let service = |line: &String| line.contains(r"\services\pcmsink");
    assert!(left.iter().all(service), "{left:#?}");
}
