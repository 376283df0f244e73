// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * FxDriverEntry: stands in for WdfDriverEntry.lib in builds without the WDK. It binds the driver to
 * the framework, calls DriverEntry and arranges that the unload unbinds again.
 */
typedef unsigned short u16;
typedef unsigned int u32;
typedef int NTSTATUS;
typedef void (*WDFFUNC)(void);

typedef struct {
    u16 length, maximum_length;
    u16 *buffer;
} UNICODE_STRING;

typedef struct {
    void *driver;
    u32 driver_flags, driver_tag;
    char driver_name[32];
    unsigned char displace_driver_unload;
} WDF_DRIVER_GLOBALS;

typedef struct {
    u32 size;
    const u16 *component;
    u32 major, minor, build;
    u32 function_count;
    const WDFFUNC **function_table;
    void *module;
} WDF_BIND_INFO;
_Static_assert(sizeof(WDF_BIND_INFO) == 0x30, "size of WDF_BIND_INFO");

typedef void (*DRIVER_UNLOAD)(void *driver_object);
typedef void (*WDF_MINIPORT_UNLOAD)(WDF_DRIVER_GLOBALS *, void *driver);

enum {
    FUNCTION_COUNT = 458,
    MINIPORT_UNLOAD_INDEX = 201,
    NO_DISPATCH_OVERRIDE = 2,
    DRIVER_UNLOAD_OFFSET = 0x68, /* DRIVER_OBJECT.DriverUnload */
    STATUS_SUCCESS = 0,
    STATUS_BUFFER_TOO_SMALL = (int)0xC0000023
};

__declspec(dllimport) NTSTATUS WdfVersionBind(void *, UNICODE_STRING *, WDF_BIND_INFO *, WDF_DRIVER_GLOBALS **);
__declspec(dllimport) NTSTATUS WdfVersionUnbind(UNICODE_STRING *, WDF_BIND_INFO *, WDF_DRIVER_GLOBALS *);
NTSTATUS DriverEntry(void *driver_object, UNICODE_STRING *registry_path);

#define CONCATENATE_(a, b) a##b
#define CONCATENATE(a, b) CONCATENATE_(a, b)
#define WdfFunctions CONCATENATE(WdfFunctions_010, KMDF_VERSION_MINOR)
const WDFFUNC *WdfFunctions;
WDF_DRIVER_GLOBALS *WdfDriverGlobals;
WDFFUNC WdfDriverMiniportUnloadOverride;
u32 WdfFunctionCount = FUNCTION_COUNT;
unsigned char WdfClientVersionHigherThanFramework;

static WDF_BIND_INFO bind_info = {
    sizeof(WDF_BIND_INFO), u"KmdfLibrary", 1, KMDF_VERSION_MINOR, 0, FUNCTION_COUNT, &WdfFunctions, 0};
/* The framework keeps the registry path, so it gets a copy that lives as long as the image. */
static u16 path_buffer[520];
static UNICODE_STRING path = {0, sizeof path_buffer, path_buffer};
static DRIVER_UNLOAD displaced_unload;

static void unbind(void) { WdfVersionUnbind(&path, &bind_info, WdfDriverGlobals); }

static void driver_unload(void *driver_object) {
    if (displaced_unload) displaced_unload(driver_object);
    unbind();
}

static void miniport_unload(WDF_DRIVER_GLOBALS *globals, void *driver) {
    ((WDF_MINIPORT_UNLOAD)WdfFunctions[MINIPORT_UNLOAD_INDEX])(globals, driver);
    unbind();
}

__attribute__((section("INIT"))) NTSTATUS FxDriverEntry(void *driver_object, UNICODE_STRING *registry_path) {
    NTSTATUS status;
    if (!driver_object) return DriverEntry(driver_object, registry_path);
    if (registry_path->length > sizeof path_buffer - sizeof(u16)) return STATUS_BUFFER_TOO_SMALL;
    for (u32 i = 0; i < registry_path->length / sizeof(u16); i++)
        ((volatile u16 *)path_buffer)[i] = registry_path->buffer[i];
    path.length = registry_path->length;

    status = WdfVersionBind(driver_object, &path, &bind_info, &WdfDriverGlobals);
    if (status < 0) return status;
    status = DriverEntry(driver_object, registry_path);
    if (status < 0) {
        unbind();
        return status;
    }
    if (WdfDriverGlobals->displace_driver_unload) {
        DRIVER_UNLOAD *slot = (DRIVER_UNLOAD *)((char *)driver_object + DRIVER_UNLOAD_OFFSET);
        displaced_unload = *slot;
        *slot = driver_unload;
    } else if (WdfDriverGlobals->driver_flags & NO_DISPATCH_OVERRIDE) {
        WdfDriverMiniportUnloadOverride = (WDFFUNC)miniport_unload;
    }
    return STATUS_SUCCESS;
}
