// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices, device interfaces and driver packages: SetupAPI and NewDev.

use super::{text, texts, units};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use windows::Win32::Devices::DeviceAndDriverInstallation::*;
use windows::Win32::Foundation::{
    ERROR_INSUFFICIENT_BUFFER, ERROR_NO_MORE_ITEMS, HWND, WIN32_ERROR,
};
use windows::Win32::System::LibraryLoader::{GetModuleHandleW, GetProcAddress};
use windows::core::{BOOL, GUID, HSTRING, PCWSTR, Result, s, w};

/// Sound, video and game controllers.
pub const CLASS_MEDIA: GUID = GUID::from_u128(0x4d36e96c_e325_11ce_bfc1_08002be10318);

/// An HDEVINFO, freed with its last owner.
#[derive(Debug)]
struct Set(HDEVINFO);

impl Drop for Set {
    fn drop(&mut self) {
        // SAFETY: the handle is this object's own and is not used again.
        let _ = unsafe { SetupDiDestroyDeviceInfoList(self.0) };
    }
}

/// A device that Windows knows; present or not.
#[derive(Clone, Debug)]
pub struct Device {
    set: Rc<Set>,
    data: SP_DEVINFO_DATA,
}

/// Whether a device runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Unplugged, or nobody has started it since Windows did.
    Absent,
    Started,
    Stopped,
    /// `CM_PROB_…`
    Problem(u32),
}

/// Devices of class MEDIA with a hardware id.
pub fn find(hardware_id: &str) -> Result<Vec<Device>> {
    let flags = SETUP_DI_GET_CLASS_DEVS_FLAGS(0);
    // SAFETY: the class is read during the call only.
    let set = unsafe { SetupDiGetClassDevsW(Some(&CLASS_MEDIA), PCWSTR::null(), None, flags) }?;
    let set = Rc::new(Set(set));
    let mut devices = Vec::new();
    for index in 0.. {
        let mut data = device_data();
        // SAFETY: the set is open, and the record has its size.
        match unsafe { SetupDiEnumDeviceInfo(set.0, index, &mut data) } {
            Ok(()) => {}
            Err(error) if error.code() == ERROR_NO_MORE_ITEMS.to_hresult() => break,
            Err(error) => return Err(error),
        }
        let set = Rc::clone(&set);
        let device = Device { set, data };
        let ids = texts(&device.property(SPDRP_HARDWAREID).unwrap_or_default());
        if ids.iter().any(|id| id.eq_ignore_ascii_case(hardware_id)) {
            devices.push(device);
        }
    }
    Ok(devices)
}

/// Makes a root-enumerated device of class MEDIA, `ROOT\<name>\0000`, and registers it. It has no driver yet.
pub fn create(name: &str, hardware_id: &str, description: &str) -> Result<Device> {
    // SAFETY: the class is read during the call only.
    let set = unsafe { SetupDiCreateDeviceInfoList(Some(&CLASS_MEDIA), None) }?;
    let set = Rc::new(Set(set));
    let mut data = device_data();
    // SAFETY: the set is open, the strings live through the call, the record has its size.
    unsafe {
        SetupDiCreateDeviceInfoW(
            set.0,
            &HSTRING::from(name),
            &CLASS_MEDIA,
            &HSTRING::from(description),
            None,
            DICD_GENERATE_ID,
            Some(&mut data),
        )
    }?;
    let ids: Vec<u8> = format!("{hardware_id}\0\0")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    // SAFETY: the record is of this set; the list of strings ends with two NULs.
    unsafe { SetupDiSetDeviceRegistryPropertyW(set.0, &mut data, SPDRP_HARDWAREID, Some(&ids)) }?;
    // SAFETY: the record is of this set.
    unsafe { SetupDiCallClassInstaller(DIF_REGISTERDEVICE, set.0, Some(&data)) }?;
    Ok(Device { set, data })
}

/// Puts the package of an INF into the driver store and its driver on all devices with the hardware id. Tells whether Windows
/// has to be restarted.
pub fn update_driver(hardware_id: &str, inf: &Path) -> Result<bool> {
    let mut restart = false.into();
    // SAFETY: strings and the answer live through the call.
    unsafe {
        UpdateDriverForPlugAndPlayDevicesW(
            None,
            &HSTRING::from(hardware_id),
            &HSTRING::from(inf),
            INSTALLFLAG_FORCE,
            Some(&mut restart),
        )
    }?;
    Ok(restart.as_bool())
}

type DiUninstallDriver = unsafe extern "system" fn(HWND, PCWSTR, u32, *mut BOOL) -> BOOL;

/// Takes a package off the devices that still have it, and out of the driver store, by the name that Windows published its INF under,
/// `oem7.inf`. `windows`: Windows' directory. Tells whether Windows has to be restarted.
///
/// SetupUninstallOEMInf is no substitute: it is for files that were copied out of the store, and for x86 and x64. It stands in where there
/// is nothing else: Wine has no DiUninstallDriver.
pub fn remove_package(windows: &Path, published: &str) -> Result<bool> {
    // SAFETY: the strings are static; the program imports from the module, so it stays loaded.
    let address = unsafe {
        let newdev = GetModuleHandleW(w!("newdev.dll"))?;
        GetProcAddress(newdev, s!("DiUninstallDriverW"))
    };
    let Some(address) = address else {
        // SAFETY: the string lives through the call.
        let done =
            unsafe { SetupUninstallOEMInfW(&HSTRING::from(published), SUOI_FORCEDELETE, None) };
        return done.ok().map(|()| false);
    };
    let path = HSTRING::from(windows.join("INF").join(published).as_path());
    let mut restart = BOOL::default();
    // SAFETY: the export has this signature; string and answer live through the call.
    unsafe {
        let uninstall =
            std::mem::transmute::<unsafe extern "system" fn() -> isize, DiUninstallDriver>(address);
        uninstall(HWND::default(), PCWSTR(path.as_ptr()), 0, &raw mut restart).ok()?;
    }
    Ok(restart.as_bool())
}

/// Where the driver store keeps a published INF.
pub fn store_path(published: &str) -> Option<PathBuf> {
    let mut path = [0; 1024];
    // SAFETY: the string and the buffer live through the call.
    unsafe {
        SetupGetInfDriverStoreLocationW(
            &HSTRING::from(published),
            None,
            PCWSTR::null(),
            &mut path,
            None,
        )
    }
    .ok()?;
    Some(text(&path).into())
}

impl Device {
    /// `ROOT\ARIOSO\0000`
    pub fn id(&self) -> String {
        let mut id = [0; MAX_DEVICE_ID_LEN as usize];
        // SAFETY: the record is of this set; the buffer lives through the call.
        match unsafe { SetupDiGetDeviceInstanceIdW(self.set.0, &self.data, Some(&mut id), None) } {
            Ok(()) => text(&id),
            Err(_) => String::new(),
        }
    }

    /// The class key's name below `Control\Class`: `{…}\0000`. `None`: no driver was installed.
    pub fn driver_key(&self) -> Option<String> {
        let key = text(&self.property(SPDRP_DRIVER)?);
        (!key.is_empty()).then_some(key)
    }

    pub fn state(&self) -> State {
        let (mut status, mut problem) = (CM_DEVNODE_STATUS_FLAGS(0), CM_PROB(0));
        // SAFETY: the answers live through the call.
        let result =
            unsafe { CM_Get_DevNode_Status(&mut status, &mut problem, self.data.DevInst, 0) };
        if result != CR_SUCCESS {
            State::Absent
        } else if status.contains(DN_HAS_PROBLEM) {
            State::Problem(problem.0)
        } else if status.contains(DN_STARTED) {
            State::Started
        } else {
            State::Stopped
        }
    }

    /// Removes the device. Tells whether Windows has to be restarted.
    pub fn remove(&self) -> Result<bool> {
        // SAFETY: the record is of this set.
        unsafe { SetupDiCallClassInstaller(DIF_REMOVE, self.set.0, Some(&self.data)) }?;
        let mut parameters = SP_DEVINSTALL_PARAMS_W {
            cbSize: size_of::<SP_DEVINSTALL_PARAMS_W>() as u32,
            ..SP_DEVINSTALL_PARAMS_W::default()
        };
        // SAFETY: the record is of this set, and the parameters have their size.
        let asked = unsafe {
            SetupDiGetDeviceInstallParamsW(self.set.0, Some(&self.data), &mut parameters)
        };
        let restart = DI_NEEDREBOOT.0 | DI_NEEDRESTART.0;
        Ok(asked.is_ok() && parameters.Flags.0 & restart != 0)
    }

    /// Stops the device and starts it again; fails if somebody uses it.
    pub fn restart(&self) -> Result<()> {
        let done = |result: CONFIGRET| match result {
            CR_SUCCESS => Ok(()),
            // SAFETY: nothing is passed.
            other => Err(unsafe { WIN32_ERROR(CM_MapCrToWin32Err(other, 1)) }.into()),
        };
        // SAFETY: the device's node is this record's.
        unsafe {
            done(CM_Disable_DevNode(self.data.DevInst, CM_DISABLE_UI_NOT_OK))?;
            done(CM_Enable_DevNode(self.data.DevInst, 0))
        }
    }

    fn property(&self, property: SETUP_DI_REGISTRY_PROPERTY) -> Option<Vec<u16>> {
        let mut size = 0;
        let set = self.set.0;
        // SAFETY: the record is of this set; without a buffer only the size is told.
        let asked = unsafe {
            SetupDiGetDeviceRegistryPropertyW(
                set,
                &self.data,
                property,
                None,
                None,
                Some(&mut size),
            )
        };
        if let Err(error) = asked
            && error.code() != ERROR_INSUFFICIENT_BUFFER.to_hresult()
        {
            return None;
        }
        let mut value = vec![0; size as usize];
        let buffer = Some(value.as_mut_slice());
        // SAFETY: the record is of this set; the buffer lives through the call.
        unsafe { SetupDiGetDeviceRegistryPropertyW(set, &self.data, property, None, buffer, None) }
            .ok()?;
        Some(units(&value))
    }
}

/// An interface of a device.
#[derive(Clone, Debug)]
pub struct Interface {
    /// The symbolic link, for CreateFile.
    pub link: String,
    /// Of the device.
    pub device: String,
    pub enabled: bool,
}

/// The interfaces of a category: the enabled ones, or all that are registered.
pub fn interfaces(category: &GUID, all: bool) -> Result<Vec<Interface>> {
    let flags = if all {
        DIGCF_DEVICEINTERFACE
    } else {
        DIGCF_DEVICEINTERFACE | DIGCF_PRESENT
    };
    // SAFETY: the category is read during the call only.
    let set = unsafe { SetupDiGetClassDevsW(Some(category), PCWSTR::null(), None, flags) }?;
    let set = Rc::new(Set(set));
    let mut found = Vec::new();
    for index in 0.. {
        let mut data = SP_DEVICE_INTERFACE_DATA {
            cbSize: size_of::<SP_DEVICE_INTERFACE_DATA>() as u32,
            ..SP_DEVICE_INTERFACE_DATA::default()
        };
        // SAFETY: the set is open, and the record has its size.
        match unsafe { SetupDiEnumDeviceInterfaces(set.0, None, category, index, &mut data) } {
            Ok(()) => found.push(interface(&set, &data)?),
            Err(error) if error.code() == ERROR_NO_MORE_ITEMS.to_hresult() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

fn interface(set: &Rc<Set>, data: &SP_DEVICE_INTERFACE_DATA) -> Result<Interface> {
    /// SP_DEVICE_INTERFACE_DETAIL_DATA_W with room for the longest path.
    #[repr(C)]
    struct Detail {
        size: u32,
        path: [u16; 1024],
    }
    let mut detail = Detail {
        // Of the structure as it is declared: with one character, and padded.
        size: size_of::<SP_DEVICE_INTERFACE_DETAIL_DATA_W>() as u32,
        path: [0; 1024],
    };
    let size = size_of::<Detail>() as u32;
    let mut device = device_data();
    let place = (&raw mut detail).cast();
    // SAFETY: the record is of this set; the answer has `size` bytes and the layout of the structure meant.
    unsafe {
        SetupDiGetDeviceInterfaceDetailW(set.0, data, Some(place), size, None, Some(&mut device))
    }?;
    let set = Rc::clone(set);
    Ok(Interface {
        link: text(&detail.path),
        device: Device { set, data: device }.id(),
        enabled: data.Flags & SPINT_ACTIVE != 0,
    })
}

fn device_data() -> SP_DEVINFO_DATA {
    SP_DEVINFO_DATA {
        cbSize: size_of::<SP_DEVINFO_DATA>() as u32,
        ..SP_DEVINFO_DATA::default()
    }
}
