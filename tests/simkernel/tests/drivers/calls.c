// SPDX-License-Identifier: MIT OR Apache-2.0
// Calls of the kernel that drivers of real hardware and older modules make. Each case prints what came of it.
#include "kernel.h"

static void pages(DRIVER *driver) {
    (void)driver;
    PVOID mdl = MmAllocatePagesForMdl(0, -1, 0, 8192);
    DbgPrint("pages %d\n", mdl != NULL);
    MmFreePagesFromMdl(mdl);
    ExFreePool(mdl);
}
static void pages_left(DRIVER *driver) {
    (void)driver;
    ExFreePool(MmAllocatePagesForMdl(0, -1, 0, 4096));
}
static void pages_io(DRIVER *driver) {
    (void)driver;
    PVOID mdl = MmAllocatePagesForMdl(0, -1, 0, 4096);
    MmFreePagesFromMdl(mdl);
    IoFreeMdl(mdl);
    ExFreePool(mdl);
}

static _Alignas(128) u8 room[256];
static void lookaside(DRIVER *driver) {
    (void)driver;
    ExInitializeNPagedLookasideList(room + 16, NULL, NULL, 0, 40, TAG, 0);
    DbgPrint("lookaside %u %u\n", *(u32 *)(room + 16 + 44), *(u32 *)(room + 16 + 40) == TAG);
    ExDeleteNPagedLookasideList(room + 16);
}

static DEVICE *timed;
static int ticks;
static void tick(DEVICE *device, PVOID context) {
    ticks++;
    DbgPrint("tick %d %d\n", device == timed, (int)(u64)context);
    if (ticks == 3) IoStopTimer(device);
}
static void device_timer(DRIVER *driver) {
    i64 wait = MS(5500);
    IoCreateDevice(driver, 0, NULL, 0x22, 0, 0, &timed);
    IoInitializeTimer(timed, tick, (PVOID)7);
    IoStartTimer(timed);
    KeDelayExecutionThread(0, 0, &wait);
    IoDeleteDevice(timed);
}
static void device_timer_left(DRIVER *driver) {
    IoCreateDevice(driver, 0, NULL, 0x22, 0, 0, &timed);
    IoInitializeTimer(timed, tick, NULL);
    IoStartTimer(timed);
    IoDeleteDevice(timed);
}

// What belongs to a save may be changed until it is restored, also over calls, and by a routine that is called meanwhile.
static void use_ymm(void) { __asm__ volatile("vpcmpeqd %%xmm5, %%xmm5, %%xmm5; vzeroupper" ::: "xmm5"); }
static void saves_too(KDPC *dpc, PVOID context, PVOID a, PVOID b) {
    u64 save[7], mask = (u64)context;
    KeSaveExtendedProcessorState(mask, save);
    if (mask & 4) use_ymm();
    KeRestoreExtendedProcessorState(save);
    DbgPrint("restored in a DPC\n");
}
static void extended(DRIVER *driver) {
    static KDPC dpc;
    u64 outer[7], inner[7], all = RtlGetEnabledExtendedFeatures(~0ull), mask = all | 3;
    DbgPrint("enabled %d\n", RtlGetEnabledExtendedFeatures(1) == (all & 1) && RtlGetEnabledExtendedFeatures(1ull << 62) == 0);
    DbgPrint("save %x\n", KeSaveExtendedProcessorState(mask, outer));
    if (mask & 4) use_ymm();
    DbgPrint("save %x\n", KeSaveExtendedProcessorState(mask, inner));
    KeInitializeDpc(&dpc, saves_too, (PVOID)mask);
    KeInsertQueueDpc(&dpc, NULL, NULL);
    if (mask & 4) use_ymm();
    KeRestoreExtendedProcessorState(inner);
    if (mask & 4) use_ymm();
    KeRestoreExtendedProcessorState(outer);
    DbgPrint("restored\n");
}
// AVX alone is saved, and what lies above is changed.
static void avx_alone(DRIVER *driver) {
    u64 save[7];
    KeSaveExtendedProcessorState(4, save);
    use_ymm();
    KeRestoreExtendedProcessorState(save);
}

static void hardware(DRIVER *driver) {
    PVOID interrupt = driver;
    u32 registers = 5;
    NTSTATUS status = IoConnectInterrupt(&interrupt, NULL, NULL, NULL, 5, 5, 5, 0, 0, 1, 0);
    DbgPrint("interrupt %x %d\n", status, interrupt != NULL);
    PVOID adapter = IoGetDmaAdapter(NULL, NULL, &registers);
    DbgPrint("adapter %d %u\n", adapter != NULL, registers);
}

// Self-relative: an owner (S-1-5-18), then an empty DACL.
static const struct { u8 Revision, Sbz; u16 Control; u32 Owner, Group, Sacl, Dacl; u8 owner[12], dacl[8]; } given = {
    1, 0, 0x8004, 20, 0, 0, 32, {1, 1, 0, 0, 0, 0, 0, 5, 18}, {2, 0, 8}};
static void security(DRIVER *driver) {
    u64 context[4];
    PVOID own = NULL;
    u8 copy[64];
    u32 owner = 1, dacl = 4, length = 4;
    (void)driver;
    SeCaptureSubjectContext(context);
    DbgPrint("assign %x\n", SeAssignSecurity(NULL, (PVOID)&given, &own, 0, context, NULL, 1));
    SeReleaseSubjectContext(context);
    NTSTATUS status = SeQuerySecurityDescriptorInfo(&owner, copy, &length, &own);
    DbgPrint("short %x %u\n", status, length);
    status = SeQuerySecurityDescriptorInfo(&owner, copy, &length, &own);
    DbgPrint("owner %x %u %u\n", status, *(u32 *)(copy + 4), copy[20 + 8]);
    // A null DACL in place of the empty one; the owner stays.
    static const struct { u8 Revision, Sbz; u16 Control; u32 parts[4]; } open = {1, 0, 0x8004, {0}};
    DbgPrint("set %x\n", SeSetSecurityDescriptorInfo(NULL, &dacl, (PVOID)&open, &own, 1, NULL));
    dacl |= 1, length = sizeof copy;
    status = SeQuerySecurityDescriptorInfo(&dacl, copy, &length, &own);
    DbgPrint("both %x %u %x %u\n", status, length, *(u16 *)(copy + 2), *(u32 *)(copy + 16));
    SeDeassignSecurity(&own);
    DbgPrint("none %x\n", SeSetSecurityDescriptorInfo(NULL, &dacl, (PVOID)&open, &own, 1, NULL));
    DbgPrint("privileges %u %u\n", SeSinglePrivilegeCheck(8, 0), SeSinglePrivilegeCheck(8, 1));
}

// The headers of an image and its resources, in words: the directories of types, names and languages, then the entry of 5 bytes at 0x200.
static const u32 image[112] = {
    [0x3C / 4] = 0x40, [0xD8 / 4] = 0x100,
    [0x10C / 4] = 1 << 16, 16, 0x80000040,
    [0x14C / 4] = 1 << 16, 1, 0x80000070,
    [0x17C / 4] = 1 << 16, 1033, 0xA0,
    [0x1A0 / 4] = 0x200, 5};
static const u32 bare[112] = {[0x3C / 4] = 0x40};
static u32 find(const char *what, u64 type, u64 name, u64 language) {
    u64 path[3] = {type, name, language};
    PVOID entry = (u8 *)image;
    NTSTATUS status = LdrFindResource_U((PVOID)image, path, 3, &entry);
    u32 at = (u32)((u8 *)entry - (u8 *)image);
    if (status) DbgPrint("%s %x\n", what, status);
    else DbgPrint("%s %x %x\n", what, status, at);
    return at;
}
static void resources(DRIVER *driver) {
    (void)driver;
    PVOID data = NULL;
    u32 size = 0;
    u32 at = find("found", 16, 1, 1033);
    NTSTATUS status = LdrAccessResource((PVOID)image, (u8 *)image + at, &data, &size);
    DbgPrint("data %x %x %u\n", status, (u32)((u8 *)data - (u8 *)image), size);
    find("type", 77, 1, 1033);
    find("name", 16, 77, 1033);
    find("any language", 16, 1, 0);
    u64 path[3] = {16, 1, 0};
    DbgPrint("none %x\n", LdrFindResource_U((PVOID)bare, path, 3, &data));
}

static void unload(DRIVER *driver) { (void)driver; }

NTSTATUS DriverEntry(DRIVER *driver, UNICODE_STRING *path) {
    driver->Unload = unload;
    CASE(extended) CASE(avx_alone)
    CASE(pages) CASE(pages_left) CASE(pages_io) CASE(lookaside) CASE(device_timer) CASE(device_timer_left) CASE(hardware) CASE(security)
    CASE(resources)
    return 0xC0000001;
}
