//! Arioso: the driver.
#![no_std]

use wdk_sys::{
    DRIVER_OBJECT, NTSTATUS, PCUNICODE_STRING, PDRIVER_OBJECT, PFN_WDFDRIVERCREATE, STATUS_NOT_SUPPORTED, ULONG,
    WDF_DRIVER_CONFIG, WDF_NO_HANDLE, WDF_NO_OBJECT_ATTRIBUTES, WdfDriverGlobals, WdfFunctions, _WDF_DRIVER_INIT_FLAGS,
    _WDFFUNCENUM, ntddk::DbgPrint,
};
#[cfg(not(arioso_no_panic_check))]
use wdk_panic as _;

#[cfg(arioso_no_panic_check)]
unsafe extern "C" {
    fn arioso_driver_can_panic() -> !;
}

#[cfg(arioso_no_panic_check)]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    unsafe { arioso_driver_can_panic() }
}

#[unsafe(export_name = "DriverEntry")]
pub unsafe extern "system" fn driver_entry(driver: &mut DRIVER_OBJECT, registry_path: PCUNICODE_STRING) -> NTSTATUS {
    let mut config = WDF_DRIVER_CONFIG {
        Size: size_of::<WDF_DRIVER_CONFIG>() as ULONG,
        DriverInitFlags: _WDF_DRIVER_INIT_FLAGS::WdfDriverInitNoDispatchOverride as ULONG,
        ..Default::default()
    };
    unsafe {
        let create = *WdfFunctions.add(_WDFFUNCENUM::WdfDriverCreateTableIndex as usize);
        let create: PFN_WDFDRIVERCREATE = core::mem::transmute(create);
        let Some(create) = create else { return STATUS_NOT_SUPPORTED };
        let status = create(
            WdfDriverGlobals,
            driver as PDRIVER_OBJECT,
            registry_path,
            WDF_NO_OBJECT_ATTRIBUTES,
            &mut config,
            WDF_NO_HANDLE.cast(),
        );
        DbgPrint(c"arioso: WdfDriverCreate %08x\n".as_ptr(), status);
        status
    }
}
