// SPDX-License-Identifier: MIT OR Apache-2.0
// What the test drivers need of Windows' kernel. Each driver runs the case that its service is named after.
#pragma once
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long i64;
typedef int NTSTATUS;
typedef void *PVOID;
#define NULL ((void *)0)
#define IMPORT __declspec(dllimport)

typedef struct { u16 Length, MaximumLength; u16 *Buffer; } UNICODE_STRING;
typedef struct LIST { struct LIST *Flink, *Blink; } LIST;
typedef struct { u8 Type, b, c, d; int SignalState; LIST Waiters; } HEADER;
typedef struct { HEADER h; } KEVENT;
typedef struct { HEADER h; int Limit; } KSEMAPHORE;
typedef struct { u64 w[7]; } KMUTEX;
typedef struct { u64 w[7]; } FAST_MUTEX;
typedef struct { u64 w[8]; } KDPC;
typedef struct { u64 w[8]; } KTIMER;
typedef struct { NTSTATUS Status; u64 Information; } IOSB;
struct DEVICE;
struct IRP;
typedef NTSTATUS (*DISPATCH)(struct DEVICE *, struct IRP *);
typedef struct DRIVER {
    u16 Type, Size; struct DEVICE *Device; u32 Flags; PVOID Start; u32 Length; PVOID Section, Extension; UNICODE_STRING Name;
    PVOID Hardware, FastIo, Init, StartIo; void (*Unload)(struct DRIVER *); DISPATCH Major[28];
} DRIVER;
typedef struct DEVICE { u64 w[42]; } DEVICE;
typedef struct STACK { u8 Major, Minor, Flags, Control; u64 Parameters[4]; DEVICE *Device; PVOID File, Routine, Context; } STACK;
typedef struct IRP {
    u16 Type, Size; PVOID Mdl; u32 Flags; PVOID System; LIST Thread; IOSB Status; u8 Mode, Pending, Count, Location, Cancel, Irql, Env, Alloc;
    PVOID Iosb, Event, Overlay[2], CancelRoutine, UserBuffer; u64 Tail[8]; STACK *Current; PVOID File, Ext;
} IRP;
_Static_assert(sizeof(DRIVER) == 336 && sizeof(IRP) == 208 && sizeof(STACK) == 72, "layouts");

typedef struct EXTENSION { DRIVER *Driver; NTSTATUS (*AddDevice)(DRIVER *, DEVICE *); } EXTENSION;
typedef struct { u32 Length; PVOID Root; UNICODE_STRING *Name; u32 Attributes; PVOID Security, Quality; } ATTRIBUTES;
typedef struct { PVOID Routine; u32 Flags; const u16 *Name; PVOID Context; u32 Type; PVOID Data; u32 Length; } QUERY;
typedef struct { u32 a; u16 b, c; u8 d[8]; } GUID;

IMPORT u32 DbgPrint(const char *, ...);
IMPORT PVOID ExAllocatePool2(u64, u64, u32);
IMPORT void ExFreePoolWithTag(PVOID, u32);
IMPORT void ExRaiseStatus(NTSTATUS);
IMPORT NTSTATUS ZwClose(PVOID);
IMPORT u8 KfRaiseIrql(u8);
IMPORT void KeLowerIrql(u8);
IMPORT u8 KeAcquireSpinLockRaiseToDpc(u64 *);
IMPORT void KeReleaseSpinLock(u64 *, u8);
IMPORT void KeInitializeEvent(KEVENT *, u32, u8);
IMPORT int KeSetEvent(KEVENT *, int, u8);
IMPORT NTSTATUS KeWaitForSingleObject(PVOID, u32, u8, u8, i64 *);
IMPORT NTSTATUS KeWaitForMultipleObjects(u32, PVOID *, u32, u32, u8, u8, i64 *, PVOID);
IMPORT NTSTATUS KeDelayExecutionThread(u8, u8, i64 *);
IMPORT void KeInitializeSemaphore(KSEMAPHORE *, int, int);
IMPORT int KeReleaseSemaphore(KSEMAPHORE *, int, int, u8);
IMPORT void KeInitializeMutex(KMUTEX *, u32);
IMPORT int KeReleaseMutex(KMUTEX *, u8);
IMPORT void ExInitializeFastMutex(FAST_MUTEX *);
IMPORT void ExAcquireFastMutex(FAST_MUTEX *);
IMPORT void ExReleaseFastMutex(FAST_MUTEX *);
IMPORT void KeInitializeDpc(KDPC *, void (*)(KDPC *, PVOID, PVOID, PVOID), PVOID);
IMPORT u8 KeInsertQueueDpc(KDPC *, PVOID, PVOID);
IMPORT void KeSetImportanceDpc(KDPC *, u32);
IMPORT void KeInitializeTimerEx(KTIMER *, u32);
IMPORT u8 KeSetTimerEx(KTIMER *, i64, int, KDPC *);
IMPORT u8 KeCancelTimer(KTIMER *);
IMPORT PVOID ExAllocateTimer(void (*)(PVOID, PVOID), PVOID, u32);
IMPORT u8 ExSetTimer(PVOID, i64, i64, PVOID);
IMPORT u8 ExDeleteTimer(PVOID, u8, u8, PVOID);
IMPORT i64 KeQueryPerformanceCounter(i64 *);
IMPORT NTSTATUS PsCreateSystemThread(PVOID *, u32, PVOID, PVOID, PVOID, void (*)(PVOID), PVOID);
IMPORT NTSTATUS PsTerminateSystemThread(NTSTATUS);
IMPORT NTSTATUS ObReferenceObjectByHandle(PVOID, u32, PVOID, u8, PVOID *, PVOID);
IMPORT u64 ObfDereferenceObject(PVOID);
IMPORT PVOID IoAllocateMdl(PVOID, u32, u8, u8, IRP *);
IMPORT void IoFreeMdl(PVOID);
IMPORT void MmProbeAndLockPages(PVOID, u8, u32);
IMPORT void MmUnlockPages(PVOID);
IMPORT NTSTATUS IoCreateDevice(DRIVER *, u32, UNICODE_STRING *, u32, u32, u8, DEVICE **);
IMPORT void IoDeleteDevice(DEVICE *);
IMPORT IRP *IoBuildDeviceIoControlRequest(u32, DEVICE *, PVOID, u32, PVOID, u32, u8, KEVENT *, IOSB *);
IMPORT IRP *IoAllocateIrp(u8, u8);
IMPORT void IoFreeIrp(IRP *);
IMPORT NTSTATUS IofCallDriver(DEVICE *, IRP *);
IMPORT void IofCompleteRequest(IRP *, u8);
IMPORT PVOID IoAllocateWorkItem(DEVICE *);
IMPORT void IoFreeWorkItem(PVOID);
IMPORT void IoQueueWorkItem(PVOID, void (*)(DEVICE *, PVOID), u32, PVOID);
IMPORT void KeBugCheckEx(u32, u64, u64, u64, u64);
IMPORT void SimkernelHasNoSuchExport(void);
IMPORT void *memcpy(void *, const void *, u64);
IMPORT int IoCancelIrp(IRP *);
IMPORT void ExFreePool(PVOID);
IMPORT PVOID MmAllocatePagesForMdl(i64, i64, i64, u64);
IMPORT void MmFreePagesFromMdl(PVOID);
IMPORT void ExInitializeNPagedLookasideList(PVOID, PVOID, PVOID, u32, u64, u32, u16);
IMPORT void ExDeleteNPagedLookasideList(PVOID);
IMPORT NTSTATUS IoInitializeTimer(DEVICE *, void (*)(DEVICE *, PVOID), PVOID);
IMPORT void IoStartTimer(DEVICE *);
IMPORT void IoStopTimer(DEVICE *);
IMPORT NTSTATUS IoConnectInterrupt(PVOID *, PVOID, PVOID, PVOID, u32, u8, u8, u32, u8, u64, u8);
IMPORT PVOID IoGetDmaAdapter(DEVICE *, PVOID, u32 *);
IMPORT NTSTATUS SeAssignSecurity(PVOID, PVOID, PVOID *, u8, PVOID, PVOID, u32);
IMPORT NTSTATUS SeDeassignSecurity(PVOID *);
IMPORT void SeCaptureSubjectContext(PVOID);
IMPORT void SeReleaseSubjectContext(PVOID);
IMPORT NTSTATUS SeQuerySecurityDescriptorInfo(u32 *, PVOID, u32 *, PVOID *);
IMPORT NTSTATUS SeSetSecurityDescriptorInfo(PVOID, u32 *, PVOID, PVOID *, u32, PVOID);
IMPORT u8 SeSinglePrivilegeCheck(u64, u8);
IMPORT NTSTATUS LdrFindResource_U(PVOID, const u64 *, u32, PVOID *);
IMPORT NTSTATUS LdrAccessResource(PVOID, PVOID, PVOID *, u32 *);

IMPORT PVOID ExAllocatePoolWithTag(u32, u64, u32);
IMPORT void KeAcquireSpinLockAtDpcLevel(u64 *);
IMPORT void KeReleaseSpinLockFromDpcLevel(u64 *);
IMPORT u8 KeTryToAcquireSpinLockAtDpcLevel(u64 *);
IMPORT NTSTATUS ExInitializeResourceLite(PVOID);
IMPORT NTSTATUS ExDeleteResourceLite(PVOID);
IMPORT u8 ExAcquireResourceExclusiveLite(PVOID, u8);
IMPORT void ExReleaseResourceLite(PVOID);
IMPORT void KeEnterCriticalRegion(void);
IMPORT void KeStallExecutionProcessor(u32);
IMPORT void ExReleaseRundownProtection(u64 *);
IMPORT NTSTATUS KeSaveExtendedProcessorState(u64, PVOID);
IMPORT void KeRestoreExtendedProcessorState(PVOID);
IMPORT u64 RtlGetEnabledExtendedFeatures(u64);
IMPORT u64 ObfReferenceObject(PVOID);
IMPORT NTSTATUS IoGetDeviceObjectPointer(UNICODE_STRING *, u32, PVOID *, DEVICE **);
IMPORT PVOID MmMapLockedPagesSpecifyCache(PVOID, u8, u32, PVOID, u32, u32);
IMPORT void MmUnmapLockedPages(PVOID, PVOID);
IMPORT void IoReuseIrp(IRP *, NTSTATUS);
IMPORT DEVICE *IoAttachDeviceToDeviceStack(DEVICE *, DEVICE *);
IMPORT void IoDetachDevice(DEVICE *);
IMPORT void IoDisconnectInterrupt(PVOID);
IMPORT NTSTATUS IoRegisterDeviceInterface(DEVICE *, const GUID *, UNICODE_STRING *, UNICODE_STRING *);
IMPORT NTSTATUS IoSetDeviceInterfaceState(UNICODE_STRING *, u8);
IMPORT void RtlFreeUnicodeString(UNICODE_STRING *);
IMPORT NTSTATUS ZwOpenKey(PVOID *, u32, ATTRIBUTES *);
IMPORT NTSTATUS ZwReadFile(PVOID, PVOID, PVOID, PVOID, IOSB *, PVOID, u32, i64 *, u32 *);
IMPORT NTSTATUS ZwOpenFile(PVOID *, u32, ATTRIBUTES *, IOSB *, u32, u32);
IMPORT NTSTATUS IoOpenDriverRegistryKey(DRIVER *, u32, u32, u32, PVOID *);
IMPORT NTSTATUS RtlQueryRegistryValues(u32, const u16 *, QUERY *, PVOID, PVOID);

// The compiler refers to it when floating point is used.
int _fltused;

#define TAG 0x74736554
#define POOL(n) ExAllocatePool2(0x40, n, TAG)
#define MS(n) ((i64)(n) * -10000)
#define STRING(text) {sizeof(u##text) - 2, sizeof(u##text), (u16 *)u##text}
#define CASE(name) if (is(path, L## #name)) { name(driver); return 0; }

// wchar_t is 16 bits wide on this target.
static int is(UNICODE_STRING *path, const __WCHAR_TYPE__ *name) {
    int n = 0, i;
    while (name[n]) n++;
    if (path->Length / 2 < n + 1) return 0;
    const u16 *tail = path->Buffer + path->Length / 2 - n;
    for (i = 0; i < n; i++) if (tail[i] != name[i]) return 0;
    return tail[-1] == '\\';
}
