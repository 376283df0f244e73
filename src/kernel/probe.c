// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * MmProbeAndLockPages raises a structured exception for a bad address. Rust code must not be unwound
 * by one, so the guard is here.
 */
typedef int NTSTATUS;

enum { STATUS_SUCCESS = 0, EXECUTE_HANDLER = 1 };

__declspec(dllimport) void MmProbeAndLockPages(void *mdl, char access_mode, int operation);
unsigned long _exception_code(void);

NTSTATUS arioso_probe_and_lock(void *mdl, char access_mode, int operation) {
    __try {
        MmProbeAndLockPages(mdl, access_mode, operation);
    } __except (EXECUTE_HANDLER) {
        return (NTSTATUS)_exception_code();
    }
    return STATUS_SUCCESS;
}
