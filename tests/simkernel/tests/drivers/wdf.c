// SPDX-License-Identifier: MIT OR Apache-2.0
// Planted bugs in the use of the framework: each is named with its rule in src/verifier/rules.rs.
#include "kernel.h"
typedef struct { u32 Size; const u16 *Component; u32 Major, Minor, Build, Count; PVOID **Table; PVOID Module; } BIND;
typedef struct { u32 Size; PVOID Add, Unload; u32 Flags, Tag; } CONFIG;
IMPORT NTSTATUS WdfVersionBind(DRIVER *, UNICODE_STRING *, BIND *, PVOID *);
IMPORT NTSTATUS WdfVersionUnbind(UNICODE_STRING *, BIND *, PVOID);

static PVOID *table, globals;
static UNICODE_STRING *service;
static BIND info = {sizeof info, u"KmdfLibrary", 1, 15, 0, 444, &table, NULL};

typedef NTSTATUS (*CREATE)(PVOID, DRIVER *, UNICODE_STRING *, PVOID, CONFIG *, PVOID *);
typedef NTSTATUS (*DEVICE_CREATE)(PVOID, PVOID, PVOID, DEVICE *, DEVICE *, DEVICE *, PVOID *);
typedef void (*ACT)(PVOID, PVOID);

static PVOID bound(DRIVER *d, u32 flags) {
    CONFIG config = {sizeof config, NULL, NULL, flags, TAG};
    PVOID driver = NULL;
    WdfVersionBind(d, service, &info, &globals);
    ((CREATE)table[116])(globals, d, service, NULL, &config, &driver);
    return driver;
}
static void end(PVOID driver) { ((ACT)table[201])(globals, driver); }

static void unbind(DRIVER *d) { WdfVersionUnbind(service, &info, globals); }
static void left(DRIVER *d) { bound(d, 2); WdfVersionUnbind(service, &info, globals); }
static void dispatch(DRIVER *d) { bound(d, 0); WdfVersionUnbind(service, &info, globals); }
static void devices(DRIVER *d) {
    PVOID driver = bound(d, 2), device;
    ((DEVICE_CREATE)table[200])(globals, driver, NULL, NULL, NULL, NULL, &device);
    end(driver);
    WdfVersionUnbind(service, &info, globals);
}
static void no_driver(DRIVER *d) {
    PVOID driver = bound(d, 2);
    end(NULL);
    end(driver);
    WdfVersionUnbind(service, &info, globals);
}
static void delete(DRIVER *d) {
    PVOID driver = bound(d, 2);
    ((ACT)table[208])(globals, driver);
    end(driver);
    WdfVersionUnbind(service, &info, globals);
}

static void unload(DRIVER *d) {}

NTSTATUS DriverEntry(DRIVER *driver, UNICODE_STRING *path) {
    driver->Unload = unload;
    service = path;
    CASE(unbind) CASE(left) CASE(dispatch) CASE(devices) CASE(no_driver) CASE(delete)
    return 0xC0000001;
}
