// SPDX-License-Identifier: MIT OR Apache-2.0
// A small drmk.sys: nothing is protected.
#include "nt.h"

EXPORT NTSTATUS DllInitialize(UNICODE_STRING *path) { (void)path; return STATUS_SUCCESS; }
EXPORT NTSTATUS DllUnload(void) { return STATUS_SUCCESS; }
NTSTATUS DriverEntry(DRIVER_OBJECT *driver, UNICODE_STRING *path) { (void)driver, (void)path; return STATUS_SUCCESS; }

#define NOTHING(name) EXPORT NTSTATUS name(void) { return STATUS_NOT_SUPPORTED; }
NOTHING(DrmAddContentHandlers)
NOTHING(DrmCreateContentMixed)
NOTHING(DrmDestroyContent)
NOTHING(DrmForwardContentToDeviceObject)
NOTHING(DrmForwardContentToFileObject)
NOTHING(DrmForwardContentToInterface)
NOTHING(DrmGetContentRights)
