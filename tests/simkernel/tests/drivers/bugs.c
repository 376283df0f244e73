// SPDX-License-Identifier: MIT OR Apache-2.0
// Planted bugs: each must be caught. Those that break a rule of the verifier are named with it in src/verifier/rules.rs.
#include "kernel.h"
static PVOID keep;
static u64 lock;

static void thread(PVOID c) {}
static PVOID handle(void) { PVOID h; PsCreateSystemThread(&h, 0, NULL, NULL, NULL, thread, NULL); return h; }
static void pause(int ms) { i64 t = MS(ms); KeDelayExecutionThread(0, 0, &t); }
static DEVICE *device(DRIVER *d) { DEVICE *v; IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v); return v; }

static void irql(DRIVER *d) { PVOID h = handle(); u8 old = KfRaiseIrql(2); ZwClose(h); KeLowerIrql(old); }
static void irql_api(DRIVER *d) { PVOID o; u8 old = KfRaiseIrql(2); ObReferenceObjectByHandle((PVOID)0x44, 0, NULL, 0, &o, NULL); KeLowerIrql(old); }
static void zero_bytes(DRIVER *d) { ExFreePoolWithTag(POOL(0), TAG); }
static void tag_zero(DRIVER *d) { ExFreePoolWithTag(ExAllocatePool2(0x40, 16, 0), 0); }
static void tag_big(DRIVER *d) { ExFreePoolWithTag(ExAllocatePool2(0x40, 16, 0x20474942), 0x20474942); }
static void pool_flags(DRIVER *d) { ExAllocatePool2(0, 16, TAG); }
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
static void executable_tag(DRIVER *d) { ExFreePoolWithTag(ExAllocatePoolWithTag(0, 16, TAG), TAG); }
static void overrun_kept(DRIVER *d) { u8 *p = POOL(100); p[100] = 1; }
static void paged_freed(DRIVER *d) {
    PVOID p = ExAllocatePool2(0x100, 16, TAG);
    u8 old = KfRaiseIrql(2);
    ExFreePoolWithTag(p, TAG);
    KeLowerIrql(old);
}
static void paged_at_dispatch(DRIVER *d) { u8 old = KfRaiseIrql(2); PVOID p = ExAllocatePool2(0x100, 16, TAG); KeLowerIrql(old); ExFreePoolWithTag(p, TAG); }

__attribute__((noinline)) static int deep(int n) { volatile u8 a[1000]; a[0] = (u8)n; return n ? deep(n - 1) + a[0] : 0; }
static void stack(DRIVER *d) { deep(1000); }
static void big_frame(DRIVER *d) { u8 a[40000]; memcpy(a, d, 8); DbgPrint("%d", a[0]); }

static void lock_twice(DRIVER *d) { KeAcquireSpinLockRaiseToDpc(&lock); KeAcquireSpinLockRaiseToDpc(&lock); }
static void lock_lowered(DRIVER *d) { KeAcquireSpinLockRaiseToDpc(&lock); KeLowerIrql(0); }
static void lock_below(DRIVER *d) {
    KeAcquireSpinLockAtDpcLevel(&lock);
    KeReleaseSpinLockFromDpcLevel(&lock);
    KeTryToAcquireSpinLockAtDpcLevel(&lock);
    KeReleaseSpinLockFromDpcLevel(&lock);
}
static void nested(u64 *first, u64 *second) {
    u8 old = KeAcquireSpinLockRaiseToDpc(first);
    KeAcquireSpinLockAtDpcLevel(second);
    KeReleaseSpinLockFromDpcLevel(second);
    KeReleaseSpinLock(first, old);
}
static void lock_order(DRIVER *d) { static u64 a, b; nested(&a, &b); nested(&b, &a); }
static void lock_long(DRIVER *d) {
    u8 old = KeAcquireSpinLockRaiseToDpc(&lock);
    KeStallExecutionProcessor(20);
    KeStallExecutionProcessor(6);
    KeReleaseSpinLock(&lock, old);
}
static void slow_dpc(KDPC *d, PVOID c, PVOID a, PVOID b) { KeStallExecutionProcessor(60); KeStallExecutionProcessor(41); }
static void dpc_long(DRIVER *d) { static KDPC dpc; KeInitializeDpc(&dpc, slow_dpc, NULL); KeInsertQueueDpc(&dpc, NULL, NULL); }
// 25 and 100 us are not too long; a second DPC has its own time.
static void short_dpc(KDPC *d, PVOID c, PVOID a, PVOID b) { KeStallExecutionProcessor(100); }
static void stalls(DRIVER *d) {
    static KDPC one, two;
    u8 old = KeAcquireSpinLockRaiseToDpc(&lock);
    KeStallExecutionProcessor(25);
    KeReleaseSpinLock(&lock, old);
    old = KeAcquireSpinLockRaiseToDpc(&lock);
    KeStallExecutionProcessor(25);
    KeReleaseSpinLock(&lock, old);
    KeInitializeDpc(&one, short_dpc, NULL);
    KeInsertQueueDpc(&one, NULL, NULL);
    KeInitializeDpc(&two, short_dpc, NULL);
    KeInsertQueueDpc(&two, NULL, NULL);
}
static void wait_locked(DRIVER *d) {
    KEVENT e;
    KeInitializeEvent(&e, 0, 0);
    KeAcquireSpinLockRaiseToDpc(&lock);
    KeWaitForSingleObject(&e, 0, 0, 0, NULL);
}
static u64 resource[16];
static void resource_not_held(DRIVER *d) { ExInitializeResourceLite(resource); ExReleaseResourceLite(resource); }
static void resource_deleted(DRIVER *d) {
    ExInitializeResourceLite(resource);
    ExAcquireResourceExclusiveLite(resource, 1);
    ExDeleteResourceLite(resource);
}
static void fast_mutex_other(DRIVER *d) { FAST_MUTEX m; ExInitializeFastMutex(&m); ExReleaseFastMutex(&m); }
static void mutex_other(DRIVER *d) { KMUTEX m; KeInitializeMutex(&m, 0); KeReleaseMutex(&m, 0); }
static void mutex_twice(DRIVER *d) { static FAST_MUTEX m; ExInitializeFastMutex(&m); ExAcquireFastMutex(&m); ExAcquireFastMutex(&m); }
static void critical_left(DRIVER *d) { KeEnterCriticalRegion(); }
static void semaphore_limit(DRIVER *d) { KSEMAPHORE s; KeInitializeSemaphore(&s, 0, 1); KeReleaseSemaphore(&s, 0, 2, 0); }
static void rundown(DRIVER *d) { u64 r = 0; ExReleaseRundownProtection(&r); }
static void extended_state(DRIVER *d) { u64 save[7]; KeRestoreExtendedProcessorState(save); }
// The machine has no such feature.
static void extended_mask(DRIVER *d) { u64 save[7]; KeSaveExtendedProcessorState(1ull << 40, save); KeRestoreExtendedProcessorState(save); }
static void extended_order(DRIVER *d) {
    u64 outer[7], inner[7];
    KeSaveExtendedProcessorState(3, outer);
    KeSaveExtendedProcessorState(3, inner);
    KeRestoreExtendedProcessorState(outer);
    KeRestoreExtendedProcessorState(inner);
}
static void extended_irql(DRIVER *d) {
    u64 save[7];
    KeSaveExtendedProcessorState(3, save);
    u8 old = KfRaiseIrql(2);
    KeRestoreExtendedProcessorState(save);
    KeLowerIrql(old);
}
static void restores(PVOID save) { KeRestoreExtendedProcessorState(save); }
static void extended_thread(DRIVER *d) {
    u64 save[7];
    PVOID h;
    KeSaveExtendedProcessorState(3, save);
    PsCreateSystemThread(&h, 0, NULL, NULL, NULL, restores, save);
    ZwClose(h);
    pause(1);
}
static void extended_written(DRIVER *d) {
    u64 save[7];
    KeSaveExtendedProcessorState(3, save);
    ((volatile u64 *)save)[3] = 7;
    KeRestoreExtendedProcessorState(save);
}
static u64 saved[7];
static void extended_left(DRIVER *d) { KeSaveExtendedProcessorState(3, saved); }
static void saves(PVOID c) { KeSaveExtendedProcessorState(3, saved); PsTerminateSystemThread(0); }
static void extended_thread_left(DRIVER *d) {
    PVOID h;
    PsCreateSystemThread(&h, 0, NULL, NULL, NULL, saves, NULL);
    ZwClose(h);
    pause(1);
}
// As a compiler leaves the registers behind a function with AVX: clean, and no longer the program's.
static void use_ymm(void) { __asm__ volatile("vpcmpeqd %%xmm5, %%xmm5, %%xmm5; vzeroupper" ::: "xmm5"); }
static void ymm_at_call(DRIVER *d) { use_ymm(); DbgPrint("used\n"); }
static void ymm_at_return(DRIVER *d) { __asm__ volatile("vinsertf128 $1, %%xmm7, %%ymm7, %%ymm7" :::); }
static void ymm_dpc(KDPC *d, PVOID c, PVOID a, PVOID b) { use_ymm(); }
static void ymm_in_dpc(DRIVER *d) { static KDPC dpc; KeInitializeDpc(&dpc, ymm_dpc, NULL); KeInsertQueueDpc(&dpc, NULL, NULL); }
static void not_held(DRIVER *d) { KfRaiseIrql(2); KeReleaseSpinLock(&lock, 0); }
static void wait_at_dispatch(DRIVER *d) { KEVENT e; KeInitializeEvent(&e, 0, 0); KfRaiseIrql(2); KeWaitForSingleObject(&e, 0, 0, 0, NULL); }
static void left_raised(DRIVER *d) { KfRaiseIrql(2); }
static void mutex_held(DRIVER *d) { static FAST_MUTEX m; ExInitializeFastMutex(&m); ExAcquireFastMutex(&m); KeLowerIrql(0); }
static void forever(DRIVER *d) { KEVENT e; KeInitializeEvent(&e, 0, 0); KeWaitForSingleObject(&e, 0, 0, 0, NULL); }

static void tick(KDPC *d, PVOID c, PVOID a, PVOID b) {}
static void bad_dpc(KDPC *d, PVOID c, PVOID a, PVOID b) { KeLowerIrql(0); }
static void dpc_irql(DRIVER *d) { static KDPC dpc; KeInitializeDpc(&dpc, bad_dpc, NULL); KeInsertQueueDpc(&dpc, NULL, NULL); }
static void keep_lock(KDPC *d, PVOID c, PVOID a, PVOID b) { KeAcquireSpinLockAtDpcLevel(&lock); }
static void dpc_lock(DRIVER *d) { static KDPC dpc; KeInitializeDpc(&dpc, keep_lock, NULL); KeInsertQueueDpc(&dpc, NULL, NULL); }
static void timer_initialized(DRIVER *d) {
    static KTIMER t;
    KeInitializeTimerEx(&t, 0);
    KeSetTimerEx(&t, MS(1000), 0, NULL);
    KeInitializeTimerEx(&t, 0);
    KeCancelTimer(&t);
}
static void waiter(PVOID e) { i64 t = MS(20); KeWaitForSingleObject(e, 0, 0, 0, &t); }
static void wait_for(PVOID e) { PVOID h; PsCreateSystemThread(&h, 0, NULL, NULL, NULL, waiter, e); ZwClose(h); pause(5); }
static void event_initialized(DRIVER *d) { static KEVENT e; KeInitializeEvent(&e, 0, 0); wait_for(&e); KeInitializeEvent(&e, 0, 0); pause(50); }
static void free_waited(DRIVER *d) { KEVENT *e = POOL(sizeof *e); KeInitializeEvent(e, 0, 0); wait_for(e); ExFreePoolWithTag(e, TAG); pause(50); }
static void free_timer(DRIVER *d) {
    struct { KTIMER t; KDPC d; } *p = POOL(sizeof *p);
    KeInitializeTimerEx(&p->t, 0);
    KeInitializeDpc(&p->d, tick, NULL);
    KeSetTimerEx(&p->t, MS(100), 0, &p->d);
    ExFreePoolWithTag(p, TAG);
}
static void negative_period(DRIVER *d) {
    KTIMER *p = POOL(sizeof *p);
    KeInitializeTimerEx(p, 0);
    KeSetTimerEx(p, MS(1), -1, NULL);
    KeCancelTimer(p);
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
static void wait_raised(DRIVER *d) { KEVENT e; KeInitializeEvent(&e, 0, 0); u8 old = KfRaiseIrql(2); KeSetEvent(&e, 0, 1); KeLowerIrql(old); }
static void wait_forgotten(DRIVER *d) { KEVENT e; KeInitializeEvent(&e, 0, 0); KeSetEvent(&e, 0, 1); pause(1); }
static void freed_event(DRIVER *d) { KEVENT *p = POOL(64); KeInitializeEvent(p, 0, 0); ExFreePoolWithTag(p, TAG); KeSetEvent(p, 0, 0); }
static void ex_tick(PVOID t, PVOID c) {}
static void timer_leak(DRIVER *d) { ExAllocateTimer(ex_tick, NULL, 4); }
static void ex_timer_gone(DRIVER *d) { PVOID t = ExAllocateTimer(ex_tick, NULL, 4); ExDeleteTimer(t, 0, 0, NULL); ExSetTimer(t, MS(1), 0, NULL); }
static void ex_timer_deleted(DRIVER *d) {
    PVOID t = ExAllocateTimer(ex_tick, NULL, 4);
    ExSetTimer(t, MS(2), 0, NULL);
    ExDeleteTimer(t, 0, 0, NULL);
    ExSetTimer(t, MS(3), 0, NULL);
    ExDeleteTimer(t, 1, 0, NULL);
    pause(10);
}
static void ex_timer_wait(DRIVER *d) { ExDeleteTimer(ExAllocateTimer(ex_tick, NULL, 4), 0, 1, NULL); }
static void image_timer(DRIVER *d) { static KTIMER t; KeInitializeTimerEx(&t, 0); KeSetTimerEx(&t, MS(1000), 0, NULL); }
static void mdl_leak(DRIVER *d) { IoAllocateMdl(d, 100, 0, 0, NULL); }
static void irp_leak(DRIVER *d) { IoAllocateIrp(2, 0); }
static void irp_freed_twice(DRIVER *d) { IRP *i = IoAllocateIrp(2, 0); IoFreeIrp(i); IoFreeIrp(i); }
static void work(DEVICE *d, PVOID c) {}
static void item_leak(DRIVER *d) { DEVICE *v; IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v); keep = v; IoQueueWorkItem(IoAllocateWorkItem(v), work, 1, NULL); }
static void device_leak(DRIVER *d) { DEVICE *v; IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v); }
static void handle_leak(DRIVER *d) { PVOID h; PsCreateSystemThread(&h, 0, NULL, NULL, NULL, thread, NULL); }
static void thread_leak(DRIVER *d) { PVOID o, h = handle(); ObReferenceObjectByHandle(h, 0, NULL, 0, &o, NULL); ZwClose(h); }
static void handle_twice(DRIVER *d) { PVOID h = handle(); ZwClose(h); ZwClose(h); }
static void object_unknown(DRIVER *d) { u64 o[4]; ObfReferenceObject(o); ObfDereferenceObject(o); }
static void too_few_references(DRIVER *d) { ObfDereferenceObject(d); ObfDereferenceObject(d); }
static void unlock_unlocked(DRIVER *d) { PVOID m = IoAllocateMdl(d, 100, 0, 0, NULL); MmUnlockPages(m); IoFreeMdl(m); }

static void mdl_freed_twice(DRIVER *d) { PVOID m = IoAllocateMdl(d, 100, 0, 0, NULL); IoFreeMdl(m); IoFreeMdl(m); }
static void mdl_freed_locked(DRIVER *d) { PVOID m = IoAllocateMdl(d, 100, 0, 0, NULL); MmProbeAndLockPages(m, 0, 0); IoFreeMdl(m); }
static void mdl_locked_twice(DRIVER *d) {
    PVOID m = IoAllocateMdl(d, 100, 0, 0, NULL);
    MmProbeAndLockPages(m, 0, 0);
    MmProbeAndLockPages(m, 0, 0);
    MmUnlockPages(m);
    IoFreeMdl(m);
}
#define USER ((PVOID)0x20000000)
static void mdl_lock_irql(DRIVER *d) {
    PVOID m = IoAllocateMdl(USER, 100, 0, 0, NULL);
    u8 old = KfRaiseIrql(2);
    __try { MmProbeAndLockPages(m, 1, 0); } __except (1) {}
    KeLowerIrql(old);
    IoFreeMdl(m);
}
static void map(PVOID address, u32 priority) {
    PVOID m = IoAllocateMdl(address, 100, 0, 0, NULL);
    MmMapLockedPagesSpecifyCache(m, 0, 1, NULL, 0, priority);
    IoFreeMdl(m);
}
static void map_executable(DRIVER *d) { map(d, 16); }
static void map_unlocked(DRIVER *d) { map(USER, 0x40000010); }
static void unmap_unmapped(DRIVER *d) { PVOID m = IoAllocateMdl(USER, 100, 0, 0, NULL); MmUnmapLockedPages(NULL, m); IoFreeMdl(m); }

// A work item comes at once below DISPATCH_LEVEL.
static void work_item_freed(DRIVER *d) {
    DEVICE *v = device(d);
    PVOID i = IoAllocateWorkItem(v);
    u8 old = KfRaiseIrql(2);
    IoQueueWorkItem(i, work, 1, NULL);
    IoFreeWorkItem(i);
    KeLowerIrql(old);
    pause(5);
    IoDeleteDevice(v);
}
static void work_item_twice(DRIVER *d) {
    DEVICE *v = device(d);
    PVOID i = IoAllocateWorkItem(v);
    u8 old = KfRaiseIrql(2);
    IoQueueWorkItem(i, work, 1, NULL);
    IoQueueWorkItem(i, work, 1, NULL);
    KeLowerIrql(old);
    pause(5);
    IoFreeWorkItem(i);
    IoDeleteDevice(v);
}
// With a program that sends it a buffer.
static NTSTATUS after_unlock(DEVICE *d, IRP *i) {
    PVOID m = IoAllocateMdl(i->UserBuffer, 16, 0, 0, NULL);
    MmProbeAndLockPages(m, 1, 1);
    volatile u8 *p = MmMapLockedPagesSpecifyCache(m, 0, 1, NULL, 0, 0x40000010);
    p[0] = 1;
    MmUnlockPages(m);
    IoFreeMdl(m);
    p[0] = 2;
    return 0;
}
static NTSTATUS done(DEVICE *d, IRP *i) { i->Status.Status = 0; IofCompleteRequest(i, 0); return 0; }
static DEVICE *serve(DRIVER *d, DISPATCH control) {
    UNICODE_STRING name = STRING("\\Device\\Bugs");
    DEVICE *v;
    d->Major[0] = d->Major[2] = d->Major[18] = done;
    d->Major[14] = control;
    IoCreateDevice(d, 0, &name, 0x22, 0, 0, &v);
    ((u32 *)v)[12] &= ~0x80u;
    return v;
}
static void pages_unlocked(DRIVER *d) { serve(d, after_unlock); }
// No driver under test touches a program's memory, not in the program's own thread and behind an exception handler either.
static NTSTATUS touches(DEVICE *d, IRP *i) {
    volatile u8 *p = i->UserBuffer;
    u8 copy[16];
    __try { DbgPrint("read %d\n", p[0]); } __except (1) { DbgPrint("no read %x\n", _exception_code()); }
    __try { p[1] = 7; DbgPrint("written\n"); } __except (1) { DbgPrint("no write %x\n", _exception_code()); }
    __try { memcpy(copy, i->UserBuffer, 16); DbgPrint("copied\n"); } __except (1) { DbgPrint("no copy %x\n", _exception_code()); }
    return done(d, i);
}
static void user_touched(DRIVER *d) { keep = serve(d, touches); }
static void work_item_unknown(DRIVER *d) { u64 i[8]; IoQueueWorkItem(i, work, 1, NULL); IoFreeWorkItem(i); }

static void file_released(DRIVER *d) {
    UNICODE_STRING name = STRING("\\Device\\Bugs");
    DEVICE *v, *top;
    PVOID f;
    d->Major[0] = d->Major[2] = d->Major[18] = done;
    IoCreateDevice(d, 0, &name, 0x22, 0, 0, &v);
    ((u32 *)v)[12] &= ~0x80u;
    IoGetDeviceObjectPointer(&name, 0, &f, &top);
    u8 old = KfRaiseIrql(2);
    ObfDereferenceObject(f);
    KeLowerIrql(old);
    IoDeleteDevice(v);
}
static void device_twice(DRIVER *d) { DEVICE *v = device(d); IoDeleteDevice(v); IoDeleteDevice(v); }
static void device_attached(DRIVER *d) {
    DEVICE *a = device(d), *b = device(d);
    IoAttachDeviceToDeviceStack(a, b);
    IoDeleteDevice(a);
    IoDeleteDevice(b);
}
static void detached_twice(DRIVER *d) {
    DEVICE *a = device(d), *b = device(d);
    IoAttachDeviceToDeviceStack(a, b);
    IoDetachDevice(b);
    IoDetachDevice(b);
    IoDeleteDevice(a);
    IoDeleteDevice(b);
}
static void device_timer(DRIVER *d) { DEVICE *v = device(d); IoStartTimer(v); IoDeleteDevice(v); }
static void interrupt(DRIVER *d) { IoDisconnectInterrupt(NULL); }

// With a device that the test makes, starts and removes.
static DEVICE *lower;
static int stay;
static NTSTATUS pnp(DEVICE *v, IRP *i) {
    u8 minor = i->Current->Minor;
    i->Location++;
    i->Current++;
    NTSTATUS s = IofCallDriver(lower, i);
    if (minor == 2 && !stay) IoDetachDevice(lower), IoDeleteDevice(v);
    return s;
}
static NTSTATUS attach(DRIVER *d, DEVICE *pdo, u32 clear) {
    DEVICE *v = device(d);
    lower = IoAttachDeviceToDeviceStack(v, pdo);
    ((u32 *)v)[12] &= ~clear;
    return 0;
}
static NTSTATUS add_failing(DRIVER *d, DEVICE *pdo) { attach(d, pdo, 0x80); keep = d->Device; return 0xC0000001; }
static NTSTATUS add_initializing(DRIVER *d, DEVICE *pdo) { return attach(d, pdo, 0); }
static NTSTATUS add_enabled(DRIVER *d, DEVICE *pdo) {
    static const GUID class = {0x6994AD04, 0x93EF, 0x11D0, {0xA3, 0xCC, 0, 0xA0, 0xC9, 0x22, 0x31, 0x96}};
    UNICODE_STRING link;
    IoRegisterDeviceInterface(pdo, &class, NULL, &link);
    IoSetDeviceInterfaceState(&link, 1);
    RtlFreeUnicodeString(&link);
    return attach(d, pdo, 0x80);
}
static NTSTATUS add_staying(DRIVER *d, DEVICE *pdo) { attach(d, pdo, 0x80); keep = d->Device; stay = 1; return 0; }
static void adds(DRIVER *d, NTSTATUS (*add)(DRIVER *, DEVICE *)) { ((EXTENSION *)d->Extension)->AddDevice = add; d->Major[27] = pnp; }
static void add_failed(DRIVER *d) { adds(d, add_failing); }
static void initializing(DRIVER *d) { adds(d, add_initializing); }
static void interface_left(DRIVER *d) { adds(d, add_enabled); }
static void remove_attached(DRIVER *d) { adds(d, add_staying); }

static void registry_path(DRIVER *d) {
    UNICODE_STRING name = STRING("\\Registry\\Machine\\System\\CurrentControlSet\\Services\\registry_path");
    ATTRIBUTES a = {sizeof a, NULL, &name, 0x240, NULL, NULL};
    PVOID h;
    if (ZwOpenKey(&h, 0x20019, &a) >= 0) ZwClose(h);
}
static void file_path(DRIVER *d) {
    UNICODE_STRING name = STRING("\\SystemRoot\\file_path");
    ATTRIBUTES a = {sizeof a, NULL, &name, 0x240, NULL, NULL};
    IOSB b;
    PVOID h;
    if (ZwOpenFile(&h, 0x120089, &a, &b, 0, 0) >= 0) ZwClose(h);
}
static void file_asynchronous(DRIVER *d) {
    UNICODE_STRING name = STRING("\\SystemRoot\\file_asynchronous");
    ATTRIBUTES a = {sizeof a, NULL, &name, 0x240, NULL, NULL};
    IOSB b;
    PVOID h;
    u8 byte;
    i64 at = 0;
    if (ZwOpenFile(&h, 0x120089, &a, &b, 0, 0) < 0) return;
    ZwReadFile(h, NULL, NULL, NULL, &b, &byte, 1, &at, NULL);
    ZwClose(h);
}
static void parameters_written(DRIVER *d) { PVOID h; IoOpenDriverRegistryKey(d, 0, 0xF003F, 0, &h); }
static void query_routine(DRIVER *d) {
    QUERY table[2] = {{(PVOID)query_routine, 0, u"Value"}};
    RtlQueryRegistryValues(1, u"query_routine", table, NULL, NULL);
}

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
    d->Major[14] = done;
    IoCreateDevice(d, 0, NULL, 0x22, 0, 0, &v);
    IRP *i = IoAllocateIrp(1, 0);
    i->Current[-1].Major = 14;
    IofCallDriver(v, i);
    IoDeleteDevice(v);
}
static NTSTATUS frees(DEVICE *d, IRP *i, PVOID c) { IoFreeIrp(i); return 0; }
static void completion_freed(DRIVER *d) {
    DEVICE *v = device(d);
    d->Major[14] = done;
    IRP *i = IoAllocateIrp(1, 0);
    i->Current[-1].Major = 14;
    i->Current[-1].Routine = (PVOID)frees;
    i->Current[-1].Control = 0xE0;
    IofCallDriver(v, i);
    IoDeleteDevice(v);
}
static void irp_reused(DRIVER *d) { IRP *i = IoAllocateIrp(2, 0); IoFreeIrp(i); IoReuseIrp(i, 0); }
static void irp_of_thread(DRIVER *d) {
    DEVICE *v = device(d);
    KEVENT e;
    IOSB b;
    KeInitializeEvent(&e, 0, 0);
    IoFreeIrp(IoBuildDeviceIoControlRequest(0x222003, v, NULL, 0, NULL, 0, 0, &e, &b));
    IoDeleteDevice(v);
}
static void no_dispatch(DRIVER *d) { send(d, NULL); }
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
    CASE(irql) CASE(irql_api) CASE(zero_bytes) CASE(tag_zero) CASE(tag_big) CASE(pool_flags) CASE(double_free) CASE(wrong_tag) CASE(leak)
    CASE(overrun) CASE(underrun) CASE(late_write) CASE(large_overrun) CASE(large_late) CASE(special) CASE(executable) CASE(executable_tag)
    CASE(overrun_kept) CASE(paged_freed) CASE(paged_at_dispatch) CASE(stack) CASE(big_frame) CASE(lock_twice) CASE(lock_lowered)
    CASE(lock_below) CASE(wait_locked) CASE(resource_not_held) CASE(resource_deleted) CASE(fast_mutex_other) CASE(mutex_other)
    CASE(mutex_twice) CASE(critical_left) CASE(semaphore_limit) CASE(rundown) CASE(extended_state) CASE(extended_mask) CASE(extended_order) CASE(extended_irql) CASE(extended_thread)
    CASE(extended_written) CASE(extended_left) CASE(extended_thread_left) CASE(ymm_at_call) CASE(ymm_at_return) CASE(ymm_in_dpc) CASE(not_held) CASE(wait_at_dispatch)
    CASE(left_raised) CASE(mutex_held) CASE(forever) CASE(dpc_irql) CASE(dpc_lock) CASE(timer_initialized) CASE(event_initialized)
    CASE(free_waited) CASE(free_timer) CASE(negative_period) CASE(free_dpc) CASE(wait_raised) CASE(wait_forgotten) CASE(freed_event) CASE(timer_leak) CASE(ex_timer_gone) CASE(ex_timer_deleted)
    CASE(ex_timer_wait) CASE(image_timer) CASE(mdl_leak) CASE(irp_leak) CASE(irp_freed_twice) CASE(item_leak) CASE(device_leak)
    CASE(handle_leak) CASE(thread_leak) CASE(handle_twice) CASE(object_unknown) CASE(too_few_references) CASE(unlock_unlocked)
    CASE(mdl_freed_twice) CASE(mdl_freed_locked) CASE(mdl_locked_twice) CASE(mdl_lock_irql) CASE(map_executable) CASE(map_unlocked)
    CASE(unmap_unmapped) CASE(work_item_freed) CASE(work_item_twice) CASE(work_item_unknown) CASE(file_released) CASE(device_twice)
    CASE(device_attached) CASE(detached_twice) CASE(device_timer) CASE(interrupt) CASE(add_failed) CASE(initializing) CASE(interface_left)
    CASE(remove_attached) CASE(registry_path) CASE(file_path) CASE(file_asynchronous) CASE(parameters_written) CASE(query_routine) CASE(complete_twice)
    CASE(pending_not_marked) CASE(marked_not_pending) CASE(completed_pending) CASE(cancel_left) CASE(dispatch_raised) CASE(cancel_lock)
    CASE(complete_own) CASE(completion_freed) CASE(irp_reused) CASE(irp_of_thread) CASE(no_dispatch) CASE(no_locations) CASE(dead_device)
    CASE(unknown_import) CASE(fast_fail) CASE(null_pointer) CASE(wild_pointer) CASE(user_pointer) CASE(user_at_dispatch) CASE(illegal)
    CASE(breakpoint) CASE(privileged) CASE(panic) CASE(read_only) CASE(no_memory) CASE(clean)
    CASE(lock_order) CASE(lock_long) CASE(dpc_long) CASE(stalls) CASE(pages_unlocked) CASE(user_touched)
    DbgPrint("no such case: %wZ\n", path);
    return 0xC0000001;
}
