// SPDX-License-Identifier: MIT OR Apache-2.0
// Planted bugs: each must be caught.
#include "kernel.h"
static PVOID keep;
static u64 lock;

static void irql(DRIVER *d) { u8 old = KfRaiseIrql(2); ZwClose((PVOID)0x44); KeLowerIrql(old); }
static void double_free(DRIVER *d) { PVOID p = POOL(100); ExFreePoolWithTag(p, TAG); ExFreePoolWithTag(p, TAG); }
static void wrong_tag(DRIVER *d) { ExFreePoolWithTag(POOL(100), TAG + 1); }
static void leak(DRIVER *d) { keep = POOL(123); }
static void overrun(DRIVER *d) { u8 *p = POOL(100); p[100] = 1; ExFreePoolWithTag(p, TAG); }
static void underrun(DRIVER *d) { u8 *p = POOL(100); p[-1] = 1; ExFreePoolWithTag(p, TAG); }
static void late_write(DRIVER *d) { u8 *p = POOL(100); ExFreePoolWithTag(p, TAG); p[7] = 1; }
static void large_overrun(DRIVER *d) { volatile u8 *p = POOL(8192); p[8192] = 1; }
static void large_late(DRIVER *d) { volatile u8 *p = POOL(8192); ExFreePoolWithTag((PVOID)p, TAG); p[0] = 1; }
static void special(DRIVER *d) { volatile u8 *p = POOL(64); p[64] = 1; }
static void executable(DRIVER *d) { ExFreePoolWithTag(ExAllocatePool2(0x80, 16, TAG), TAG); }
static void paged_at_dispatch(DRIVER *d) { u8 old = KfRaiseIrql(2); PVOID p = ExAllocatePool2(0x100, 16, TAG); KeLowerIrql(old); ExFreePoolWithTag(p, TAG); }

__attribute__((noinline)) static int deep(int n) { volatile u8 a[1000]; a[0] = (u8)n; return n ? deep(n - 1) + a[0] : 0; }
static void stack(DRIVER *d) { deep(1000); }
static void big_frame(DRIVER *d) { u8 a[40000]; memcpy(a, d, 8); DbgPrint("%d", a[0]); }

static void lock_twice(DRIVER *d) { KeAcquireSpinLockRaiseToDpc(&lock); KeAcquireSpinLockRaiseToDpc(&lock); }
static void lock_lowered(DRIVER *d) { KeAcquireSpinLockRaiseToDpc(&lock); KeLowerIrql(0); }
static void not_held(DRIVER *d) { KfRaiseIrql(2); KeReleaseSpinLock(&lock, 0); }
static void wait_at_dispatch(DRIVER *d) { KEVENT e; KeInitializeEvent(&e, 0, 0); KfRaiseIrql(2); KeWaitForSingleObject(&e, 0, 0, 0, NULL); }
static void left_raised(DRIVER *d) { KfRaiseIrql(2); }
static void mutex_held(DRIVER *d) { static FAST_MUTEX m; ExInitializeFastMutex(&m); ExAcquireFastMutex(&m); KeLowerIrql(0); }
static void forever(DRIVER *d) { KEVENT e; KeInitializeEvent(&e, 0, 0); KeWaitForSingleObject(&e, 0, 0, 0, NULL); }

static void tick(KDPC *d, PVOID c, PVOID a, PVOID b) {}
static void bad_dpc(KDPC *d, PVOID c, PVOID a, PVOID b) { KeLowerIrql(0); }
static void dpc_irql(DRIVER *d) { static KDPC dpc; KeInitializeDpc(&dpc, bad_dpc, NULL); KeInsertQueueDpc(&dpc, NULL, NULL); }
static void free_timer(DRIVER *d) {
    struct { KTIMER t; KDPC d; } *p = POOL(sizeof *p);
    KeInitializeTimerEx(&p->t, 0);
    KeInitializeDpc(&p->d, tick, NULL);
    KeSetTimerEx(&p->t, MS(100), 0, &p->d);
    ExFreePoolWithTag(p, TAG);
}
static void free_dpc(DRIVER *d) {
    KDPC *p = POOL(sizeof *p);
    u8 old = KfRaiseIrql(2);
    KeInitializeDpc(p, tick, NULL);
    KeInsertQueueDpc(p, NULL, NULL);
    ExFreePoolWithTag(p, TAG);
    KeLowerIrql(old);
}
static void freed_event(DRIVER *d) { KEVENT *p = POOL(64); KeInitializeEvent(p, 0, 0); ExFreePoolWithTag(p, TAG); KeSetEvent(p, 0, 0); }
static void ex_tick(PVOID t, PVOID c) {}
static void timer_leak(DRIVER *d) { ExAllocateTimer(ex_tick, NULL, 4); }
static void image_timer(DRIVER *d) { static KTIMER t; KeInitializeTimerEx(&t, 0); KeSetTimerEx(&t, MS(1000), 0, NULL); }
static void mdl_leak(DRIVER *d) { IoAllocateMdl(d, 100, 0, 0, NULL); }
static void irp_leak(DRIVER *d) { IoAllocateIrp(2, 0); }
static void irp_freed_twice(DRIVER *d) { IRP *i = IoAllocateIrp(2, 0); IoFreeIrp(i); IoFreeIrp(i); }
static void work(DEVICE *d, PVOID c) {}
static void item_leak(DRIVER *d) { DEVICE *v; IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v); keep = v; IoQueueWorkItem(IoAllocateWorkItem(v), work, 1, NULL); }
static void device_leak(DRIVER *d) { DEVICE *v; IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v); }
static void thread(PVOID c) {}
static void handle_leak(DRIVER *d) { PVOID h; PsCreateSystemThread(&h, 0, NULL, NULL, NULL, thread, NULL); }
static void too_few_references(DRIVER *d) { ObfDereferenceObject(d); ObfDereferenceObject(d); }
static void unlock_unlocked(DRIVER *d) { PVOID m = IoAllocateMdl(d, 100, 0, 0, NULL); MmUnlockPages(m); IoFreeMdl(m); }

static NTSTATUS twice(DEVICE *d, IRP *i) { i->Status.Status = 0; IofCompleteRequest(i, 0); IofCompleteRequest(i, 0); return 0; }
static NTSTATUS not_marked(DEVICE *d, IRP *i) { i->Status.Status = 0; IofCompleteRequest(i, 0); return 0x103; }
static NTSTATUS marked(DEVICE *d, IRP *i) { i->Current->Control |= 1; i->Status.Status = 0; IofCompleteRequest(i, 0); return 0; }
static NTSTATUS as_pending(DEVICE *d, IRP *i) { i->Status.Status = 0x103; IofCompleteRequest(i, 0); return 0; }
static void on_cancel(DEVICE *d, IRP *i) {}
static NTSTATUS with_cancel(DEVICE *d, IRP *i) { i->CancelRoutine = on_cancel; i->Status.Status = 0; IofCompleteRequest(i, 0); return 0; }
static NTSTATUS raised(DEVICE *d, IRP *i) { i->Status.Status = 0; IofCompleteRequest(i, 0); KfRaiseIrql(2); return 0; }
static NTSTATUS held_cancel(DEVICE *d, IRP *i) { i->CancelRoutine = on_cancel; IoCancelIrp(i); i->Status.Status = 0; IofCompleteRequest(i, 0); return 0; }
static void send(DRIVER *d, DISPATCH f) {
    DEVICE *v;
    KEVENT e;
    IOSB b;
    d->Major[14] = f;
    IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v);
    KeInitializeEvent(&e, 0, 0);
    IofCallDriver(v, IoBuildDeviceIoControlRequest(0x222003, v, NULL, 0, NULL, 0, 0, &e, &b));
    IoDeleteDevice(v);
}
static void complete_twice(DRIVER *d) { send(d, twice); }
static void pending_not_marked(DRIVER *d) { send(d, not_marked); }
static void marked_not_pending(DRIVER *d) { send(d, marked); }
static void completed_pending(DRIVER *d) { send(d, as_pending); }
static void cancel_left(DRIVER *d) { send(d, with_cancel); }
static void dispatch_raised(DRIVER *d) { send(d, raised); }
static void cancel_lock(DRIVER *d) { send(d, held_cancel); }
static void complete_own(DRIVER *d) {
    DEVICE *v;
    d->Major[14] = marked;
    IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v);
    IRP *i = IoAllocateIrp(1, 0);
    i->Current[-1].Major = 14;
    IofCallDriver(v, i);
    IoDeleteDevice(v);
}
static void no_locations(DRIVER *d) {
    DEVICE *v;
    IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v);
    IofCallDriver(v, IoAllocateIrp(0, 0));
}
static void dead_device(DRIVER *d) {
    DEVICE *v;
    IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v);
    IRP *i = IoAllocateIrp(1, 0);
    IoDeleteDevice(v);
    IofCallDriver(v, i);
}

static void unknown_import(DRIVER *d) { SimkernelHasNoSuchExport(); DbgPrint("NOT REACHED\n"); }
static void fast_fail(DRIVER *d) { __asm__ volatile("movl $2, %%ecx; int $0x29" ::: "ecx"); }
static void null_pointer(DRIVER *d) { *(volatile int *)8 = 1; }
static void wild_pointer(DRIVER *d) { *(volatile int *)0xFFFF800012345678 = 1; }
static void user_pointer(DRIVER *d) { *(volatile int *)0x20000000 = 1; }
static void user_at_dispatch(DRIVER *d) { KfRaiseIrql(2); *(volatile int *)0x20000000 = 1; }
static void illegal(DRIVER *d) { __builtin_trap(); }
static void breakpoint(DRIVER *d) { __debugbreak(); }
static void privileged(DRIVER *d) { __asm__ volatile("cli"); }
static void panic(DRIVER *d) { DbgPrint("panicked at src/lib.rs:12\n"); KeBugCheckEx(0xE2, 0x11, 0x22, 0x33, 0x44); }
static void read_only(DRIVER *d) { *(volatile int *)(u64)panic = 1; }
static void no_memory(DRIVER *d) { PVOID p = POOL(16); DbgPrint(p ? "allocated\n" : "no memory\n"); if (p) ExFreePoolWithTag(p, TAG); }
static void clean(DRIVER *d) { PVOID p = POOL(100); ExFreePoolWithTag(p, TAG); DbgPrint("clean\n"); }

static void unload(DRIVER *d) { if (keep == d->Device && keep) IoDeleteDevice(keep); }

NTSTATUS DriverEntry(DRIVER *driver, UNICODE_STRING *path) {
    driver->Unload = unload;
    CASE(irql) CASE(double_free) CASE(wrong_tag) CASE(leak) CASE(overrun) CASE(underrun) CASE(late_write) CASE(large_overrun)
    CASE(large_late) CASE(special) CASE(executable) CASE(paged_at_dispatch) CASE(stack) CASE(big_frame) CASE(lock_twice)
    CASE(lock_lowered) CASE(not_held) CASE(wait_at_dispatch) CASE(left_raised) CASE(mutex_held) CASE(forever) CASE(dpc_irql)
    CASE(free_timer) CASE(free_dpc) CASE(freed_event) CASE(timer_leak) CASE(image_timer) CASE(mdl_leak) CASE(irp_leak)
    CASE(irp_freed_twice) CASE(item_leak) CASE(device_leak) CASE(handle_leak) CASE(too_few_references) CASE(unlock_unlocked)
    CASE(complete_twice) CASE(pending_not_marked) CASE(marked_not_pending) CASE(completed_pending) CASE(cancel_left)
    CASE(dispatch_raised) CASE(cancel_lock) CASE(complete_own) CASE(no_locations) CASE(dead_device) CASE(unknown_import)
    CASE(fast_fail) CASE(null_pointer) CASE(wild_pointer) CASE(user_pointer) CASE(user_at_dispatch) CASE(illegal)
    CASE(breakpoint) CASE(privileged) CASE(panic) CASE(read_only) CASE(no_memory) CASE(clean)
    DbgPrint("no such case: %wZ\n", path);
    return 0xC0000001;
}
