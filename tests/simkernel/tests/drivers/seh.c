// SPDX-License-Identifier: MIT OR Apache-2.0
// Structured exceptions: raised by exports, by the processor, through several frames; filters, termination handlers.
#include "kernel.h"
#define EXECUTE 1
#define SEARCH 0
#define CONTINUE (-1)
unsigned long _exception_code(void);
void *_exception_info(void);

static void check(int ok, const char *what) { DbgPrint("%s %s\n", ok ? "ok" : "WRONG", what); }
static int finals;

__attribute__((noinline)) static void lock_bad(void) {
    PVOID mdl = IoAllocateMdl((PVOID)0x1234567, 100, 0, 0, NULL);
    __try {
        MmProbeAndLockPages(mdl, 1, 0);
        check(0, "probe returned");
    } __finally {
        finals++;
        IoFreeMdl(mdl);
    }
}

__attribute__((noinline)) static int touch(volatile int *p, volatile double *d) {
    double kept = *d * 3.0;
    int r = *p;
    *d = kept;
    return r;
}

__attribute__((noinline)) static int nested(u64 a) {
    volatile double d = 2.0;
    __try {
        __try {
            return touch((volatile int *)a, &d);
        } __except (_exception_code() == 0xC0000094 ? EXECUTE : SEARCH) {
            return 1;
        }
    } __finally {
        finals += 10;
    }
}

static int skip_breakpoint(void *pointers) {
    u8 *context = ((u8 **)pointers)[1];
    *(u64 *)(context + 0xf8) += 1;
    return CONTINUE;
}

__attribute__((noinline)) static int divide(int a, int b) { return a / b; }

NTSTATUS DriverEntry(DRIVER *driver, UNICODE_STRING *path) {
    volatile u32 code = 0;
    volatile int local = 77;
    __try { lock_bad(); } __except (EXECUTE) { code = _exception_code(); }
    check(code == 0xC0000005, "bad MDL");
    check(finals == 1, "finally ran once");
    code = 0;
    __try { nested(0x10); } __except ((code = _exception_code()) != 0 ? EXECUTE : SEARCH) { local++; }
    check(code == 0xC0000005 && local == 78, "null page through two frames");
    check(finals == 11, "inner finally ran");
    code = 0;
    __try { ExRaiseStatus(0xC0000123); } __except (EXECUTE) { code = _exception_code(); }
    check(code == 0xC0000123, "ExRaiseStatus");
    code = 0;
    __try { local = divide(local, (int)(u64)code); } __except (EXECUTE) { code = _exception_code(); }
    check(code == 0xC0000094, "division by zero");
    code = 0;
    __try { u8 b[64]; memcpy(b, (void *)0x20000000, 64); } __except (EXECUTE) { code = _exception_code(); }
    check(code == 0xC0000005, "memcpy from user memory");
    code = 0;
    __try { __debugbreak(); code = 5; } __except (skip_breakpoint(_exception_info())) { code = 6; }
    check(code == 5, "continued behind a breakpoint");
    // In a handler, once more.
    __try {
        ExRaiseStatus(1);
    } __except (EXECUTE) {
        __try { ExRaiseStatus(2); } __except (EXECUTE) { code = _exception_code(); }
    }
    check(code == 2, "exception in a handler");
    u64 cr8 = 9;
    u8 old = KfRaiseIrql(2);
    __asm__ volatile("movq %%cr8, %0" : "=r"(cr8));
    KeLowerIrql(old);
    check(cr8 == 2, "cr8");
    u64 interrupt_time;
    __asm__ volatile("movq (%1), %0" : "=r"(interrupt_time) : "r"(0xFFFFF78000000008));
    check(interrupt_time != 0, "KUSER_SHARED_DATA");
    u64 thread;
    __asm__ volatile("movq %%gs:0x188, %0" : "=r"(thread));
    check(thread != 0, "KPCR");
    DbgPrint("done %d %I64x %S %wZ\n", finals, 0x123456789abcull, L"wide", path);
    return 0xC0000001;
}
