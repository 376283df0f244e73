// SPDX-License-Identifier: MIT OR Apache-2.0
//! Packages of other kinds than ours, of the forms that Microsoft's pages and templates show: none breaks a rule. And what is wrong with
//! one of each kind is still told.

use arioso_inf::{Finding, Inf, Platform, check};

fn version(class: &str, guid: &str, more: &str) -> String {
    format!(
        "[Version]\nSignature = \"$WINDOWS NT$\"\nClass = {class}\nClassGuid = {guid}\nProvider = %Maker%\nCatalogFile = x.cat\n\
         DriverVer = 01/02/2026,1.2.3.4\n{more}\n"
    )
}

const SYSTEM: &str = "{4d36e97d-e325-11ce-bfc1-08002be10318}";
const STRINGS: &str = "[Strings]\nMaker = \"Maker\"\nDevice = \"Device\"\nDisk = \"Disk\"\nFUNCTION = 0x00000002\n[Strings.0407]\nDevice = \"Ger\u{e4}t\"\n";
const FILES: &str = "[SourceDisksNames]\n1 = %Disk%,,,\"\"\n[SourceDisksFiles]\nx.sys = 1,,\n[DestinationDirs]\nDefaultDestDir = 13\n";
const MODELS: &str = "[Manufacturer]\n%Maker% = M,NTamd64.10.0...19041\n[M.NTamd64.10.0...19041]\n%Device% = I, ROOT\\X\n";
const COPY: &str = "[I.NT]\nCopyFiles = Copy\n[Copy]\nx.sys\n";
const SERVICE: &str = "[S]\nDisplayName = %Device%\nServiceType = 1 ; SERVICE_KERNEL_DRIVER\nStartType = 3\nErrorControl = 1\nServiceBinary = %13%\\x.sys\n";

/// A kernel driver of class System; `more`: what it has besides.
fn kernel(more: &str) -> String {
    let version = version("System", SYSTEM, "PnpLockdown = 1");
    format!(
        "{version}{FILES}{MODELS}{COPY}[I.NT.Services]\nAddService = x,%FUNCTION%,S\n{SERVICE}{more}\n{STRINGS}"
    )
}

fn user_mode() -> String {
    let version = version("System", SYSTEM, "PnpLockdown = 1");
    format!(
        "{version}[SourceDisksNames]\n1 = %Disk%\n[SourceDisksFiles]\nx.dll = 1\n[DestinationDirs]\nCopy = 13\n[Manufacturer]\n\
         %Maker% = M,NTamd64.10.0...22000\n[M.NTamd64.10.0...22000]\n%Device% = I, ROOT\\X\n[I.NT]\nCopyFiles = Copy\n\
         Include = wudfrd.inf\nNeeds = WUDFRD.NT\n[I.NT.HW]\nInclude = wudfrd.inf\nNeeds = WUDFRD.NT.HW\n[I.NT.Services]\n\
         Include = wudfrd.inf\nNeeds = WUDFRD.NT.Services\n[I.NT.Filters]\nInclude = wudfrd.inf\nNeeds = WUDFRD.NT.Filters\n\
         [I.NT.Wdf]\nUmdfService = x,U\nUmdfServiceOrder = x\nUmdfFileObjectPolicy = AllowNullAndUnknownFileObjects\n\
         UmdfFsContextUsePolicy = CanUseFsContext2\nUmdfKernelModeClientPolicy = AllowKernelModeClients\n[U]\nUmdfLibraryVersion = 2.15\n\
         ServiceBinary = %13%\\x.dll\n[Copy]\nx.dll\n{STRINGS}"
    )
}

/// WinUSB: the service and its framework are those of another file.
fn usb() -> String {
    let version = version(
        "USBDevice",
        "{88BAE032-5A81-49f0-BC3D-A4FF138216D6}",
        "PnpLockdown = 1",
    );
    format!(
        "{version}[Manufacturer]\n%Maker% = M,NTamd64\n[M.NTamd64]\n%Device% = I, USB\\VID_1234&PID_5678\n[I]\nInclude = winusb.inf\n\
         Needs = WINUSB.NT\n[I.Services]\nInclude = winusb.inf\nNeeds = WINUSB.NT.Services\n[I.HW]\nAddReg = R\n[I.Wdf]\n\
         KmdfService = WINUSB, W\n[W]\nKmdfLibraryVersion = 1.11\n[R]\n\
         HKR,,DeviceInterfaceGUIDs,0x10000,\"{{9f543223-cede-4fa3-b376-a25ce9a30e75}}\"\n{STRINGS}"
    )
}

const EXTENSION: &str = "{e2f84ce7-8efa-411c-aa69-97454ca4cb57}";

fn extension(more: &str) -> String {
    let version = version(
        "Extension",
        EXTENSION,
        "ExtensionId = {3846ad8c-dd27-433d-ab89-453654cd5420}\nPnpLockdown = 1",
    );
    format!("{version}{MODELS}{more}\n{STRINGS}")
}

/// An extension that brings a filter driver.
fn filter() -> String {
    extension(&format!(
        "{FILES}{COPY}[I.NT.Filters]\nAddFilter = x,,F\n[F]\nFilterPosition = Upper\n[I.NT.Services]\nAddService = x,,S\n{SERVICE}"
    ))
}

/// A program and a service of user mode.
fn component() -> String {
    let version = version(
        "SoftwareComponent",
        "{5c4c3332-344d-483c-8739-259e934c9cc8}",
        "PnpLockdown = 1",
    );
    format!(
        "{version}[SourceDisksNames]\n1 = %Disk%,,,\"\"\n[SourceDisksFiles]\nx.exe = 1\ny.exe = 1\n[DestinationDirs]\nDefaultDestDir = 13\n\
         {MODELS}[I.NT]\nCopyFiles = Copy\n[Copy]\nx.exe\ny.exe\n[I.NT.Services]\nAddService = ,%FUNCTION%\nAddService = y,,Y\n[Y]\n\
         DisplayName = %Device%\nDescription = %Device%\nServiceType = 0x10\nStartType = 2\nErrorControl = 1\nDelayedAutoStart = 1\n\
         ServiceBinary = \"%13%\\y.exe -k group\"\nAddTrigger = T\n[T]\nTriggerType = 1\nAction = 1\n\
         SubType = %Maker%\nDataItem = 2, \"USB\\X\"\n[I.NT.Software]\nAddSoftware = Panel,,P\n[P]\nSoftwareType = 1\nSoftwareBinary = %13%\\x.exe\n\
         SoftwareArguments = <<DeviceInstanceID>>\nSoftwareVersion = 1.0.0.0\n[I.NT.COM]\nAddComServer = Server,,C\n[C]\nServerType = 1\n\
         ServerBinary = %13%\\x.exe\nAddComClass = {{2b7c3d4e-0a47-4b6e-9f0e-0d8d3e4f0a11}},,K\n[K]\nThreadingModel = Both\n{STRINGS}"
    )
}

/// A file system filter: for no device.
fn primitive() -> String {
    let version = version(
        "ActivityMonitor",
        "{b86dff51-a31e-4bac-b3cf-e8cfe75c9fc2}",
        "PnpLockdown = 1",
    );
    format!(
        "{version}{FILES}[DefaultInstall.NTamd64]\nOptionDesc = %Device%\nCopyFiles = Copy\n[Copy]\nx.sys\n\
         [DefaultInstall.NTamd64.Services]\nAddService = x,,S\n[S]\nDisplayName = %Device%\nDescription = %Device%\n\
         ServiceBinary = %13%\\x.sys\nDependencies = FltMgr\nServiceType = 2\nStartType = 3\nErrorControl = 1\n\
         LoadOrderGroup = \"FSFilter Activity Monitor\"\nAddReg = R\n[R]\nHKR,Parameters,SupportedFeatures,0x00010001,0x3\n\
         HKR,\"Parameters\\Instances\",DefaultInstance,0x00000000,\"x Instance\"\n\
         HKR,\"Parameters\\Instances\\x Instance\",Altitude,0x00000000,\"370030\"\n\
         HKR,\"Parameters\\Instances\\x Instance\",Flags,0x00010001,0x0\n{STRINGS}"
    )
}

/// A light-weight filter of the network: it starts with the system.
fn network_filter() -> String {
    let version = version(
        "NetService",
        "{4D36E974-E325-11CE-BFC1-08002BE10318}",
        "PnpLockdown = 1",
    );
    format!(
        "{version}{FILES}{MODELS}[I.NT]\nAddReg = Ndi\nCharacteristics = 0x40000\nNetCfgInstanceId = \"{{5cbf81bd-5055-47cd-9055-a76b2b4e3697}}\"\n\
         CopyFiles = Copy\n[Copy]\nx.sys\n[I.NT.Services]\nAddService = x,,S\n[S]\nDisplayName = %Device%\nServiceType = 1\nStartType = 1\n\
         ErrorControl = 1\nServiceBinary = %13%\\x.sys\nLoadOrderGroup = NDIS\nAddReg = Parameters\n[Parameters]\n\
         HKR,Parameters,NdisBound,0x00010001,1\n[Ndi]\nHKR,Ndi,Service,,\"x\"\nHKR,Ndi\\Interfaces,FilterMediaTypes,,\"ethernet\"\n\
         HKR,Ndi,FilterRunType,0x00010001,0x00000001\n{STRINGS}"
    )
}

fn network_adapter() -> String {
    let version = version(
        "Net",
        "{4d36e972-e325-11ce-bfc1-08002be10318}",
        "PnpLockdown = 1",
    );
    format!(
        "{version}{FILES}{MODELS}[I.NT]\nCharacteristics = 0x1\nBusType = 15\n*IfType = 0x6\n*MediaType = 0x0\n*PhysicalMediaType = 14\n\
         EnableDhcp = 1\nAddReg = R\nCopyFiles = Copy\n[R]\nHKR,Ndi\\Interfaces,UpperRange,0,\"ndis5\"\nHKR,Ndi\\Params\\Speed,ParamDesc,0,\"Speed\"\n\
         [Copy]\nx.sys\n[I.NT.Services]\nAddService = x,%FUNCTION%,S,E\n{SERVICE}[E]\n\
         HKR,,TypesSupported,0x00010001,7\n{STRINGS}"
    )
}

/// Storage: it starts with the loader.
fn storage() -> String {
    let version = version(
        "SCSIAdapter",
        "{4D36E97B-E325-11CE-BFC1-08002BE10318}",
        "PnpLockdown = 1",
    );
    format!(
        "{version}{FILES}{MODELS}{COPY}[I.NT.Services]\nAddService = x,2,S\n[S]\nServiceType = 1\nStartType = 0\nErrorControl = 3\n\
         ServiceBinary = %13%\\x.sys\nLoadOrderGroup = SCSI Miniport\nAddReg = R\n[R]\nHKR,\"Parameters\\PnpInterface\",\"5\",0x00010001,0x00000001\n\
         HKR,\"Parameters\",\"BusType\",0x00010001,0x00000001\nHKR,Parameters,Sizes,0x000B0001,0x100000000\n\
         HKR,Parameters,Mask,0x00010001,0xff,0x00,0x00,0x00\n{STRINGS}"
    )
}

fn firmware() -> String {
    let version = version(
        "Firmware",
        "{f2e7dd72-6468-4e36-b6f1-6488f42c1b52}",
        "PnpLockdown = 1",
    );
    format!(
        "{version}[SourceDisksNames]\n1 = %Disk%\n[SourceDisksFiles]\nx.bin = 1\n[DestinationDirs]\nDefaultDestDir = 13\n[Manufacturer]\n\
         %Maker% = M,NTamd64.10.0...17134\n[M.NTamd64.10.0...17134]\n%Device% = I,UEFI\\RES_{{6bd2efb9-23ab-4b4c-bc37-016517413dc3}}\n\
         [I.NT]\nCopyFiles = Copy\n[Copy]\nx.bin\n[I.NT.HW]\nAddReg = R\n[R]\nHKR,,FirmwareId,,{{6bd2efb9-23ab-4b4c-bc37-016517413dc3}}\n\
         HKR,,FirmwareVersion,0x00010001,0x0000002\nHKR,,FirmwareFilename,,\"%13%\\x.bin\"\n{STRINGS}"
    )
}

/// One file for four kinds of machines, each with a file of its own.
fn machines() -> String {
    let version = version("System", SYSTEM, "PnpLockdown = 1");
    let mut text = format!(
        "{version}[SourceDisksNames]\n1 = %Disk%\n[SourceDisksFiles]\nx.sys = 1\nx86.sys = 1\nx64.dll = 1\n[DestinationDirs]\n\
         DefaultDestDir = 13\n[Manufacturer]\n"
    );
    let all = ["x86", "amd64", "arm", "arm64"];
    for machine in all {
        text += &format!("%Maker% = M,NT{machine}.10.0...16299\n");
    }
    for machine in all {
        text += &format!(
            "[M.NT{machine}.10.0...16299]\n%Device% = I{machine}, ACPI\\X0042\n[I{machine}.NT]\nCopyFiles = Copy, Copy.{machine}\n\
             AddPowerSetting = Setting\n[Copy.{machine}]\n{}\n[I{machine}.NT.Services]\nAddService = x,2,S\n",
            if machine == "x86" {
                "x86.sys"
            } else {
                "x64.dll"
            }
        );
    }
    text + "[Setting]\nSubGroup = {7D54AE13-7A01-469d-8AF3-6FF4662C5372}\n[Copy]\nx.sys\n"
        + SERVICE
        + STRINGS
}

/// A class of the package's own.
fn class() -> String {
    let own = "{4bd57a13-6c5f-4d55-b0f5-5c4a55a0a2fd}";
    kernel("[ClassInstall32.NTamd64]\nAddReg = Class\n[Class]\nHKR,,,,%Device%\nHKR,,Icon,,-5")
        .replacen("Class = System", "Class = Own", 1)
        .replacen(SYSTEM, own, 1)
}

fn good() -> Vec<(&'static str, String)> {
    vec![
        ("kernel", kernel("")),
        (
            "framework",
            kernel("[I.NT.Wdf]\nKmdfService = x,W\n[W]\nKmdfLibraryVersion = 1.15"),
        ),
        (
            "registry",
            kernel(
                "[I.NT.HW]\nAddReg = R\n[R]\nHKR,,DeviceCharacteristics,0x10001,0x0100\nHKR,,Own,0x00010008,a,b\nHKR,,Old,0x4\n\
                 HKR,,Security,,\"D:P(A;;GA;;;BA)(A;;GA;;;SY)\"",
            ),
        ),
        (
            "events",
            kernel(
                "[I.NT.Events]\nAddEventProvider = {071acb53-ccfb-42e0-9a68-5336b7301507},,P\nAddAutoLogger = Log,{4e1ab2e1-1f1b-4c2e-8a88-99f6d1a90001},L\n\
                 [P]\nProviderName = x\nResourceFile = %13%\\x.sys\nImportChannel = System\n[L]\nStart = 0\nAddAutoLoggerProvider = {071acb53-ccfb-42e0-9a68-5336b7301507},Q\n\
                 [Q]\nEnabled = 1\n[I.NT.WMI]\nWMIInterface = {9f543223-cede-4fa3-b376-a25ce9a30e76},1,W\n[W]\n\
                 Security = \"O:BAG:BAD:(A;;0x1;;;SY)\"",
            ),
        ),
        ("user mode", user_mode()),
        ("USB", usb()),
        ("class", class()),
        (
            "extension",
            extension(
                "[I.NT]\n; empty\n[I.NT.Components]\nAddComponent = Panel,,C\n[C]\nComponentIDs = VID0001&PID0001",
            ),
        ),
        ("filter", filter()),
        ("component", component()),
        ("primitive", primitive()),
        ("network filter", network_filter()),
        ("network adapter", network_adapter()),
        ("storage", storage()),
        ("firmware", firmware()),
        ("machines", machines()),
    ]
}

fn findings(text: &str) -> Vec<Finding> {
    check(&Inf::parse(text).unwrap(), Platform::Amd64)
}

#[test]
fn no_false_alarm() {
    for (kind, text) in good() {
        let found = findings(&text);
        assert!(found.is_empty(), "{kind}: {found:#?}\n{text}");
    }
}

#[test]
fn what_is_wrong_is_told() {
    let all = good();
    let breaks = [
        // A filter, a class or a boot driver in the wrong place.
        ("kernel", "StartType = 3", "StartType = 0", "service"),
        ("storage", "LoadOrderGroup = SCSI Miniport\n", "", "service"),
        ("storage", "StartType = 0", "StartType = 2", "service"),
        ("kernel", "ServiceType = 1", "ServiceType = 2", "service"),
        ("kernel", "ServiceType = 1", "ServiceType = 0x10", "service"),
        (
            "filter",
            "AddService = x,,S",
            "AddService = x,2,S",
            "service",
        ),
        (
            "primitive",
            "AddService = x,,S",
            "AddService = x,2,S",
            "service",
        ),
        ("component", "y.exe -k", "z.exe -k", "service"),
        ("component", "StartType = 2", "StartType = 5", "service"),
        (
            "component",
            "AddSoftware = Panel,,P",
            "AddSoftware = Panel,,N",
            "section-missing",
        ),
        (
            "component",
            "AddSoftware = Panel,,P",
            "AddSoftware = Panel",
            "section-missing",
        ),
        (
            "component",
            "{2b7c3d4e-0a47-4b6e-9f0e-0d8d3e4f0a11},,K",
            "x",
            "section-unused",
        ),
        (
            "primitive",
            "HKR,Parameters,Supp",
            "HKR,,Supp",
            "service-key",
        ),
        ("primitive", "NTamd64", "NTarm64", "section-missing"),
        (
            "network filter",
            "Class = NetService",
            "Class = System",
            "directive",
        ),
        ("USB", "Needs = WINUSB.NT.Services", "", "framework"),
        (
            "machines",
            "x86.sys = 1",
            "x86.sys = 1\nnone.sys = 1",
            "source-file",
        ),
        ("firmware", "Class = Firmware", "Class = System", "service"),
        (
            "class",
            "AddReg = Class",
            "AddReg = Other",
            "section-unused",
        ),
        (
            "storage",
            "0x100000000",
            "0x10000000000000000",
            "registry-line",
        ),
        (
            "storage",
            "0xff,0x00,0x00,0x00",
            "0xff,0x00,0x00",
            "registry-line",
        ),
    ];
    for (kind, from, to, rule) in breaks {
        let (_, text) = all.iter().find(|(name, _)| *name == kind).unwrap();
        assert!(text.contains(from), "{kind}: {from}");
        let found = findings(&text.replace(from, to));
        assert!(
            found.iter().any(|finding| finding.rule == rule),
            "{kind}, {to:?}: {found:#?}"
        );
    }
}
